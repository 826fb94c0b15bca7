"""Train one network among simulated clients, round by round; accuracy on held-out data after each.

federated: clients of a round begin with the same weights, train all stages on their own data, and the mean of their
weights, by samples, is what the next round begins with (McMahan et al., AISTATS 2017). hybrid: the same, but a client
holds stages up to a cut, its activations go to the server and their gradients come back; the server keeps a copy of its
stages for each client of the round, and both parts are averaged (Thapa et al., *SplitFed*, AAAI 2022, the first of the
two). These are the same steps as federated ones, wherever the cut is. split: one client after the other goes on with
what the one before has learnt; nothing is averaged (Gupta and Raskar, 2018).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from serflow_opt.profiling.data.parts import Labelled
from serflow_opt.profiling.measure.training import batches
from serflow_opt.profiling.rounds.updates import WAYS
from serflow_opt.profiling.stages.network import MultiExit

Mode = Literal["federated", "hybrid", "split"]


@dataclass(frozen=True, slots=True)
class LocalSteps:
    """How a client trains: inputs a step, and step size and momentum, which begins at 0 in each of its turns."""

    batch: int = 8
    learning_rate: float = 0.02
    momentum: float = 0.9


@dataclass(frozen=True, slots=True)
class RoundsSetting:
    """What holds for a whole training.

    Attributes
    ----------
    mode, cut
        And the stages that clients hold: all, where federated.
    local_epochs, clients
        Of a turn, and drawn in a round.
    compression
        One of `updates.WAYS`; of what clients send to be averaged.
    left_out
        Clients that are never drawn: stragglers that a round does not wait for.
    """

    mode: Mode
    cut: int
    local_epochs: int
    clients: int
    compression: str = "none"
    left_out: tuple[int, ...] = ()


def accuracies(
    network: MultiExit,
    setting: RoundsSetting,
    parts: Sequence[Labelled],
    held_out: Labelled,
    *,
    steps: LocalSteps = LocalSteps(),
    seed: int = 0,
) -> Iterator[float]:
    """Train, and yield the share right at the last classifier after each round, without end.

    Parameters
    ----------
    network
        Trained in place, from the weights that it has.
    setting
        What holds for all rounds.
    parts
        Data by client.
    held_out
        Nothing trains on them.
    steps
        How a client trains.
    seed
        Draws who takes part, the order of data and what dropout drops.
    """
    draw, order = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
    there = [k for k in range(len(parts)) if k not in setting.left_out]
    dropped = seed
    while True:
        drawn = sorted(draw.choice(there, min(setting.clients, len(there)), replace=False).tolist())
        if setting.mode == "split":
            drawn = draw.permutation(drawn).tolist()
        with torch.random.fork_rng():
            torch.manual_seed(dropped)
            _round(network, setting, [parts[k] for k in drawn], steps, order)
            dropped = int(torch.randint(2**31, ()))
        yield share_right(network, held_out)


def _round(
    network: MultiExit, setting: RoundsSetting, drawn: Sequence[Labelled], steps: LocalSteps, order: torch.Generator
) -> None:
    if setting.mode == "split":
        for own in drawn:
            turn(network, setting, own, steps, order)
        return
    begin = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    learnt = {name for name, _ in network.named_parameters()}
    sends, total = WAYS[setting.compression].does, sum(map(len, drawn))
    mean = {name: torch.zeros_like(tensor, dtype=torch.float64) for name, tensor in begin.items()}
    for own in drawn:
        network.load_state_dict(begin)
        turn(network, setting, own, steps, order)
        for name, tensor in network.state_dict().items():
            update = tensor - begin[name]
            mean[name] += (sends(update) if name in learnt else update).double() * (len(own) / total)
    network.load_state_dict({name: (begin[name] + own).to(begin[name].dtype) for name, own in mean.items()})


def turn(network: MultiExit, setting: RoundsSetting, own: Labelled, steps: LocalSteps, order: torch.Generator) -> None:
    """Train on one client's data for its local epochs, in place.

    Parameters
    ----------
    network, setting
        What is trained, and where it is cut.
    own, steps
        The client's data, and how it trains.
    order
        Draws the order of data.
    """
    network.train()
    optimiser = torch.optim.SGD(network.parameters(), lr=steps.learning_rate, momentum=steps.momentum)
    for _ in range(setting.local_epochs):
        for batch in batches(own, steps.batch, order):
            optimiser.zero_grad()
            there_and_back(network, setting.cut, batch)
            optimiser.step()


def there_and_back(network: MultiExit, cut: int, batch: Labelled) -> None:
    """Add the gradients of a batch, with its activations handed over behind a cut and their gradients handed back.

    Parameters
    ----------
    network
        All classifiers count alike.
    cut
        Stages before the hand-over; the number of stages: none.
    batch
        Inputs and classes.
    """
    last = len(network.stages)
    activation, losses = _through(network, range(1, cut + 1), batch.inputs, batch.labels)
    given: list[Tensor | None] = [None] * len(losses)
    if cut < last:
        crossing = activation.detach().requires_grad_(cut > 0)
        _, server = _through(network, range(cut + 1, last + 1), crossing.clone(), batch.labels)
        torch.stack(server).sum().backward()
        if cut > 0:
            losses, given = [*losses, activation], [*given, crossing.grad]
    if losses:
        torch.autograd.backward(losses, given)


def _through(network: MultiExit, stages: range, x: Tensor, labels: Tensor) -> tuple[Tensor, list[Tensor]]:
    """Run stages with their classifiers: what they hand on, and each classifier's loss."""
    losses = []
    for stage in stages:
        x = network.stages[stage - 1](x)
        if stage in network.classifier_stages:
            losses.append(functional.cross_entropy(network.classify(stage, x), labels))
    return x, losses


@torch.inference_mode()
def share_right(network: MultiExit, data: Labelled, batch: int = 250) -> float:
    """Return the share right at the last classifier.

    Parameters
    ----------
    network
        Left in evaluation mode.
    data, batch
        What it answers, and how many at once.
    """
    network.eval()
    last = len(network.stages)
    right = 0
    for part, labels in zip(data.inputs.split(batch), data.labels.split(batch), strict=True):
        right += int((network.classify(last, network.until(last, part)).argmax(1) == labels).sum())
    return right / len(data)
