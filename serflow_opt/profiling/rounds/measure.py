"""How many rounds it takes to reach an accuracy, by mode, local epochs, clients of a round, and how updates are sent.

Each setting is trained once a seed, until an accuracy is reached or rounds run out. A seed draws weights, shares of the
data and who takes part. Hybrid training takes the steps of federated training (`turns`), so it is not trained again.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import torch

from serflow_opt.ground.deadline import Deadline
from serflow_opt.profiling.data.parts import DataParts, Labelled
from serflow_opt.profiling.measure.training import reset
from serflow_opt.profiling.rounds.shares import shares
from serflow_opt.profiling.rounds.turns import LocalSteps, Mode, RoundsSetting, accuracies
from serflow_opt.profiling.stages.network import MultiExit

NONE, STRAGGLERS = "none", "without-stragglers"
"""Who is drawn: all, or all but the slowest."""


@dataclass(frozen=True, slots=True)
class Federation:
    """Simulated clients, and what is tried with them.

    Attributes
    ----------
    clients, concentration
        How many share the data, and how unevenly (`shares`).
    drawn, local_epochs
        Clients of a round and epochs of a turn; every pair is tried.
    compressions
        How updates are sent beside as they are; tried at the first pair.
    stragglers
        Share of the clients that rounds do not wait for, the slowest by their phones; tried at the first pair; 0: none.
    enough, most
        Accuracy at which a training ends, and its rounds at most.
    held_out
        Inputs that accuracy is taken on after each round, at most.
    seeds
        Of the repetitions: all is tried with the first before the next is begun.
    seconds
        After which no round is begun; a training that has not ended by then does not count.
    steps
        How a client trains.
    """

    clients: int = 20
    concentration: float = 0.5
    drawn: tuple[int, ...] = (5, 10)
    local_epochs: tuple[int, ...] = (1,)
    compressions: tuple[str, ...] = ("int8", "tenth")
    stragglers: float = 0.2
    enough: float = 0.9
    most: int = 14
    held_out: int = 1000
    seeds: tuple[int, ...] = (0, 1, 2)
    seconds: float | None = None
    steps: LocalSteps = field(default_factory=LocalSteps)


@dataclass(frozen=True, slots=True)
class MeasuredTraining:
    """A training: what was tried, its seed, and the accuracy after each round."""

    setting: RoundsSetting
    selection: str
    seed: int
    accuracy: tuple[float, ...]

    def rounds_to(self, accuracy: float) -> int | None:
        """Return the first round that reached an accuracy; None: none did."""
        return next((n for n, own in enumerate(self.accuracy, start=1) if own >= accuracy), None)


def tried(asked: Federation, stages: int) -> list[tuple[RoundsSetting, str]]:
    """Return all that is trained with each seed, and how clients are selected; the seed says who straggles.

    Parameters
    ----------
    asked
        What is tried.
    stages
        Of the network.
    """
    pairs = [(e, n) for n in asked.drawn for e in asked.local_epochs]
    modes: tuple[tuple[Mode, int], ...] = (("federated", stages), ("split", 1))
    every = [(RoundsSetting(mode, cut, e, n), NONE) for e, n in pairs for mode, cut in modes]
    first = every[0][0]
    others = [(replace(first, compression=name), NONE) for name in asked.compressions]
    return [*every, *others, *([(first, STRAGGLERS)] if asked.stragglers > 0 else [])]


def measure_rounds(
    network: MultiExit,
    parts: DataParts,
    asked: Federation,
    speeds: Sequence[float],
) -> Iterator[MeasuredTraining]:
    """Train with all settings and seeds; the network is left as the last training made it.

    Parameters
    ----------
    network
        Its weights are drawn anew for each training.
    parts
        `train` is shared among clients, accuracy is taken on `measured`.
    asked
        What is tried.
    speeds
        Of phones, of which each client has one drawn at random: who is a straggler.

    Raises
    ------
    InputError
        When there are too few data for so many clients.
    """
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # faster on a CPU
    deadline = Deadline(asked.seconds)
    held_out = parts.measured.rows(torch.arange(min(len(parts.measured), asked.held_out)))
    for seed, (setting, selection) in itertools.product(asked.seeds, tried(asked, len(network.stages))):
        rows = shares(parts.train.labels, asked.clients, asked.concentration, seed)
        clients: list[Labelled] = [parts.train.rows(own) for own in rows]
        slow = stragglers(asked, speeds, seed) if selection == STRAGGLERS else ()
        with torch.random.fork_rng():
            reset(network, seed)
        found: list[float] = []
        chosen = replace(setting, left_out=slow)
        for accuracy in accuracies(network, chosen, clients, held_out, steps=asked.steps, seed=seed):
            found.append(accuracy)
            if accuracy >= asked.enough or len(found) == asked.most:
                break
            if deadline.expired:
                return
        yield MeasuredTraining(setting, selection, seed, tuple(found))
        if deadline.expired:
            return


def stragglers(asked: Federation, speeds: Sequence[float], seed: int) -> tuple[int, ...]:
    """Return the clients with the slowest phones.

    Parameters
    ----------
    asked, speeds, seed
        As `measure_rounds` takes them.
    """
    generator = torch.Generator().manual_seed(seed)
    own = [speeds[int(n)] for n in torch.randint(len(speeds), (asked.clients,), generator=generator)]
    count = round(asked.stragglers * asked.clients)
    return tuple(sorted(sorted(range(asked.clients), key=lambda k: own[k])[:count]))
