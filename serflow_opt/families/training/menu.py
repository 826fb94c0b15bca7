"""The settings on offer: every combination of what holds for a whole training, those outclassed left out."""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from serflow_opt.errors import Problem
from serflow_opt.families.training.accountant import epsilon_of
from serflow_opt.families.training.document import MOST_SETTINGS, TrainingTables
from serflow_opt.families.training.problem import (
    INFINITE,
    KNOBS,
    Client,
    Knob,
    MeasuredRounds,
    Setting,
    Topology,
    TrainingServer,
)
from serflow_opt.families.training.rows import together
from serflow_opt.ground.dominance import nondominated
from serflow_opt.ground.tolerances import ROUNDING, SLACK

WITHOUT_WAITING = ("federated", "parallel-split", "hybrid")
"""Modes in which clients can go on without each other."""
NONE = "none"


@dataclass(frozen=True, slots=True)
class Offered:
    """What settings are made of."""

    clients: tuple[Client, ...]
    servers: tuple[TrainingServer, ...]
    knobs: tuple[tuple[Knob, ...], ...]
    topologies: tuple[Topology, ...]
    modes: tuple[str, ...]
    measured: Sequence[MeasuredRounds]

    @property
    def available(self) -> float:
        """Clients that can be drawn in a round, on average."""
        return math.fsum(own.count * own.available for own in self.clients)


def settings_of(
    offered: Offered, tables: TrainingTables, file: str, rounds_file: str, problems: list[Problem]
) -> tuple[Setting, ...]:
    """Return all settings; what is asked for and was not measured is a fault.

    Where neither local epochs nor clients are named, those pairs are on offer that were measured, mode by mode.

    Parameters
    ----------
    offered, tables
        What settings are made of, and what the file asks for.
    file, rounds_file
        For messages.
    problems
        Receives faults.
    """
    training = tables.training
    measured = offered.measured
    epochs = sorted(set(training.local_epochs or (own.epochs for own in measured)))
    counts = sorted(set(training.clients_per_round or (own.clients for own in measured)))
    available = offered.available
    if training.clients_per_round is None:
        counts = [own for own in counts if own <= available * (1 + SLACK)] or counts[:1]
    for n in counts:
        if n > available * (1 + SLACK):
            cure = f"at most {math.floor(available)}: so many are available on average"
            problems.append(Problem(file, "training.clients_per_round", f"{n}", cure))
            return ()
    asked = bool(training.local_epochs or training.clients_per_round)
    points = {(own.epochs, own.clients) for own in measured}
    for e, n in itertools.product(epochs, counts) if asked else ():
        if (e, n) not in points:
            known = ", ".join(f"({a}, {b})" for a, b in sorted(points)[:8])
            found = f"no rounds of {e} local epochs and {n} clients"
            problems.append(Problem(rounds_file, "local_epochs, clients", found, f"measure them; there are {known}"))
    if problems:
        return ()
    made: list[Setting] = []
    for mode, e, n in itertools.product(offered.modes, epochs, counts):
        for chosen, topology in _ways(offered, mode):
            names = {kind: menu[i].name for kind, menu, i in zip(KNOBS, offered.knobs, chosen, strict=True)}
            names |= {"mode": mode, "topology": offered.topologies[topology].name}
            rows = [m for m in measured if (m.epochs, m.clients) == (e, n) and m.fits(names)]
            if not rows and not asked and any(own.fits(names) for own in measured):
                continue
            if not rows:
                said = ", ".join(f"{key} {names[key]}" for key in measured[0].by)
                found = f"no rounds of {e} local epochs, {n} clients, {said}"
                problems.append(Problem(rounds_file, "rows", found, "measure them, or offer less"))
                if len(problems) > 5:
                    return ()
                continue
            if not _private(offered, tables, chosen, n, max(own.rounds for own in rows), problems):
                continue
            for server, workers in _servers(offered, mode, topology):
                for deadline in _deadlines(training.round_deadline_s, mode):
                    made += [
                        Setting(mode, e, n, chosen, topology, server, workers, deadline, own.rounds, own.accuracy)
                        for own in rows
                    ]
            if len(made) > MOST_SETTINGS:
                found = f"more than {MOST_SETTINGS:,} combinations"
                problems.append(Problem(file, "training", found, "shorten the tables of knobs, or name a mode"))
                return ()
    return _undominated(made, offered)


def _ways(offered: Offered, mode: str) -> Iterator[tuple[tuple[int, ...], int]]:
    """Knobs and topology that go with a mode: sums that nobody sees into, and parts of the model, with federated."""
    for t, topology in enumerate(offered.topologies):
        if topology.kind != "star" and mode != "federated":
            continue
        for chosen in itertools.product(*(range(len(menu)) for menu in offered.knobs)):
            rows = {kind: menu[i] for kind, menu, i in zip(KNOBS, offered.knobs, chosen, strict=True)}
            taken = {kind for kind, own in rows.items() if own.name != NONE}
            if mode == "central" and taken:
                continue
            if mode != "federated" and taken & {"dropout", "secure"}:
                continue
            yield chosen, t


def _servers(offered: Offered, mode: str, topology: int) -> Iterator[tuple[int, int]]:
    """Servers and workers; no more workers than can have work."""
    if offered.topologies[topology].kind == "ring":
        yield -1, 0
        return
    if not offered.servers and mode == "federated":
        yield -1, 0
    for s, own in enumerate(offered.servers):
        alone = mode in ("federated", "split")
        for workers in sorted(set(own.workers))[: 1 if alone else None]:
            yield s, workers


def _deadlines(given: Sequence[float] | None, mode: str) -> Sequence[float]:
    return sorted(set(given)) if given and mode not in ("central", "split") else (INFINITE,)


def _private(
    offered: Offered,
    tables: TrainingTables,
    chosen: tuple[int, ...],
    clients: int,
    rounds: float,
    problems: list[Problem],
) -> bool:
    """Whether noise leaves no more open than is allowed."""
    most = tables.federated.epsilon_max
    if most is None:
        return True
    noise = offered.knobs[KNOBS.index("noise")][chosen[KNOBS.index("noise")]]
    epsilon = noise.epsilon
    if math.isnan(epsilon):
        factor = together(offered.knobs, chosen)["rounds_factor"]
        steps = math.ceil(rounds * factor * (1 - ROUNDING))
        epsilon = epsilon_of(noise.multiplier, clients / offered.available, steps, tables.federated.delta, problems)
    return epsilon <= most * (1 + SLACK)


def _undominated(made: list[Setting], offered: Offered) -> tuple[Setting, ...]:
    """Leave out what another setting is nowhere worse than; with a deadline faster may mean that more take part."""
    alike: dict[tuple[object, ...], list[Setting]] = defaultdict(list)
    for own in made:
        key = (own.mode, own.clients, own.topology, own.server, own.workers, own.deadline)
        alike[key if math.isinf(own.deadline) else (key, own)].append(own)
    known = {chosen: together(offered.knobs, chosen) for chosen in {own.knobs for own in made}}
    kept: list[Setting] = []
    for group in alike.values():
        points = []
        for own in group:
            does = dict(known[own.knobs])
            rounds = math.ceil(own.rounds * does.pop("rounds_factor") * (1 - ROUNDING))
            points.append([float(own.epochs), rounds, does.pop("loss") - own.accuracy, *does.values()])
        kept += [group[n] for n in sorted(nondominated(np.array(points)).tolist())]
    return tuple(kept)
