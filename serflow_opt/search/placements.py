"""All placements of an instance as rows: which runner each stage has, in which way it is handed over to, and what that
takes in memory, seconds, money, energy, leaks and accuracy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from serflow_opt.formulations.coefficients import NOTHING, SOURCE, Data, Entry, Hop
from serflow_opt.ground.arrays import Floats, Ints, Mask
from serflow_opt.ground.deadline import NEVER, Deadline
from serflow_opt.problem.kinds import AS_IS

NOWHERE = -1
"""Stands where a runner could: the plan has ended before."""

MOST = 200_000
"""Placements listed at most. 110,000 of 16 stages x 20 thresholds are bounded in five seconds; the
whole model takes a minute."""


@dataclass(frozen=True, slots=True)
class Paths:
    """N placements.

    Attributes
    ----------
    runner
        N x M: position in `Data.runners`, `NOWHERE` behind the end of a plan that ends where everybody leaves.
    way
        N x M: position of the way to hand over to the stage, `NOTHING` where no link is crossed.
    moved
        N x M: whether the stage is handed over to, in a tier or to another.
    """

    runner: Ints
    way: Ints
    moved: Mask

    def __len__(self) -> int:
        """Return N."""
        return len(self.runner)

    def __getitem__(self, rows: Mask | Ints | slice) -> Paths:
        """Return some of the placements."""
        return Paths(self.runner[rows], self.way[rows], self.moved[rows])

    @property
    def stages(self) -> Ints:
        """How many stages each placement has, N."""
        count: Ints = (self.runner != NOWHERE).sum(axis=1)
        return count

    @classmethod
    def of(cls, parts: Sequence[Paths]) -> Paths:
        """Put some, one at least, together."""
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in cls.__slots__))

    @classmethod
    def none(cls, stages: int) -> Paths:
        """Return no placement."""
        nothing = np.empty((0, stages), dtype=np.int64)
        return cls(nothing, nothing, nothing.astype(bool))


def keys_of(paths: Paths) -> list[bytes]:
    """Return what tells each placement from others."""
    table = np.concatenate([paths.runner, paths.way, paths.moved], axis=1).astype(np.int64)
    return [row.tobytes() for row in table]


def list_paths(data: Data, most: int = MOST, deadline: Deadline = NEVER) -> Paths | None:
    """Return every placement, None when there are more than `most`.

    Parameters
    ----------
    data
        Coefficients of an instance.
    most
        Placements listed at most; as many beginnings of placements, at any stage.
    deadline
        When to stop.

    Raises
    ------
    OutOfTime
        When the deadline passes.
    """
    if not data.connected:
        return Paths.none(data.last)
    onward: dict[tuple[int, int], list[tuple[int, int, bool]]] = {}
    for s, e, f in data.stays:
        onward.setdefault((s, e), []).append((f, NOTHING, False))
    into: dict[tuple[int, int, int, int], list[int]] = {}
    for entry in data.entries:
        into.setdefault(data.hub_entered(entry), []).append(entry[1])
    for hop in data.hops:
        s, e, _, w = hop
        for f in into.get(data.hub_left(hop), []):
            if e == SOURCE or data.option(e) != data.option(f):
                onward.setdefault((s, e), []).append((f, w, True))
    if data.ends:
        for s in data.stages[1:]:
            onward[s, NOWHERE] = [(NOWHERE, NOTHING, False)]
        for s, e in data.places:
            if data.may_end(s, e):
                onward.setdefault((s + 1, e), []).append((NOWHERE, NOTHING, False))
    ways_on = {key: np.array(targets, dtype=np.int64) for key, targets in onward.items()}
    nothing = np.empty((0, 3), dtype=np.int64)
    grown = ways_on.get((1, SOURCE), nothing)
    runner, way, moved = grown[:, :1], grown[:, 1:2], grown[:, 2:3]
    for s in data.stages[1:]:
        deadline.check()
        blocks = []
        for e in np.unique(runner[:, -1]).tolist():
            rows = np.flatnonzero(runner[:, -1] == e)
            targets = ways_on.get((s, e), nothing)
            blocks.append((np.repeat(rows, len(targets)), np.tile(targets, (len(rows), 1))))
        before = np.concatenate([rows for rows, _ in blocks])
        after = np.concatenate([targets for _, targets in blocks])
        if len(before) > most:
            return None
        runner = np.column_stack([runner[before], after[:, 0]])
        way = np.column_stack([way[before], after[:, 1]])
        moved = np.column_stack([moved[before], after[:, 2]])
    return Paths(runner, way, moved > 0)


def whole_seconds(data: Data, paths: Paths) -> Floats:
    """Latency of each placement where it does not depend on thresholds, seconds: worst case, or a tail above it."""
    total: Floats = times(data, paths, data.whole_cold_time).sum(axis=1)
    deviations = data.instance.deviations
    if deviations is not None:
        sd = _at_places(data, paths, data.deviation)
        total = total + deviations * np.sqrt((sd**2).sum(axis=1))
    return total * data.second


def times(data: Data, paths: Paths, cold: Callable[[int], float]) -> Floats:
    """Time of each stage with the hand-over and cold start before it, N x M, / second.

    Parameters
    ----------
    data, paths
        Coefficients of an instance, and N placements.
    cold
        The cold start that counts for a runner, / second: whole, or by its share in the mean.
    """
    spent = compute_times(data, paths)
    spent += moves(data, paths, lambda hop: data.hop_time(hop) + data.encode_time(hop))
    return spent + arrivals(data, paths, lambda entry: cold(entry[1]) + data.decode_time(entry))


def compute_times(data: Data, paths: Paths) -> Floats:
    """Time of each stage alone, N x M, / second."""
    return _at_places(data, paths, data.time)


def energies(data: Data, paths: Paths) -> Floats:
    """Energy of each stage with the hand-over before it, N x M, / joule."""
    used = _at_places(data, paths, data.energy) + moves(data, paths, data.hop_energy)
    return used + arrivals(data, paths, data.decode_energy)


def carbons(data: Data, paths: Paths) -> Floats:
    """Carbon of each stage with the hand-over before it, but of machines rented whole by being on, N x M, / gram."""
    used = _at_places(data, paths, data.carbon) + moves(data, paths, data.hop_carbon)
    return used + arrivals(data, paths, data.entry_carbon)


def leaks(data: Data, paths: Paths) -> Floats:
    """Privacy loss of the hand-over before each stage, N x M."""
    return moves(data, paths, data.hop_leak)


def lost_accuracy(data: Data, paths: Paths) -> Floats | None:
    """Accuracy that a request loses by how it comes to a stage and what runs there, N x M; None: nothing anywhere."""
    lost = _at_places(data, paths, data.lost) + moves(data, paths, data.way_lost)
    return lost if lost.any() else None


def menus_used(data: Data, paths: Paths) -> Ints | None:
    """Position of the variant whose own menu a stage uses, or `AS_IS`, N x M; None: there are no own menus."""
    if not data.own_menus:
        return None
    used = np.full((data.last, len(data.runners) + 1), AS_IS)  # the last is NOWHERE
    for s, e in data.places:
        used[s - 1, e] = data.menu_used(s, e)
    chosen: Ints = used[np.arange(data.last)[None, :], paths.runner]
    return chosen


def option_of(data: Data) -> Ints:
    """Position of the option of each runner, and `NOWHERE` of `NOWHERE`."""
    return np.array([*(runner.option for runner in data.runners), NOWHERE])


def ramps_on(data: Data, paths: Paths) -> Ints:
    """Return how many classifiers that may be off each placement has on."""
    on = by_runner(data, lambda e: data.instance.is_ramp(data.runners[e].variant)) > 0
    count: Ints = (on[paths.runner] & (paths.runner != NOWHERE)).sum(axis=1)
    return count


def by_runner(data: Data, value: Callable[[int], float]) -> Floats:
    """A number for each runner, as an array."""
    return np.array([value(e) for e in range(len(data.runners))], dtype=float)


def _at_places(data: Data, paths: Paths, value: Callable[[int, int], float]) -> Floats:
    """A number of each (stage, runner) on the paths, N x M."""
    chosen: Floats = by_place(data, value)[np.arange(data.last)[None, :], paths.runner]
    return chosen


def by_place(data: Data, value: Callable[[int, int], float]) -> Floats:
    """Return a table of what each stage takes as each runner, stages x (runners + 1); the last column is nowhere."""
    table = np.zeros((data.last, len(data.runners) + 1))  # NOWHERE, -1, is the last
    for s, e in data.places:
        table[s - 1, e] = value(s, e)
    return table


def moves(data: Data, paths: Paths, value: Callable[[Hop], float]) -> Floats:
    """Something of the hand-over before each stage, N x M.

    Parameters
    ----------
    data, paths
        Coefficients of an instance, and N placements.
    value
        What to look up, by stage, sender, tier and way; 0 where nothing is handed over.
    """
    widest = max(len(ways) for ways in data.instance.ways) + 1
    table = np.zeros((data.last, len(data.runners) + 1, len(data.instance.tiers), widest))
    for hop in data.hops:
        s, e, k, w = hop
        table[s - 1, e, k, w] = value(hop)  # SOURCE and NOTHING, -1, are the last
    tier = np.array(data.tier)[paths.runner]
    sender = np.column_stack([np.full(len(paths), SOURCE), paths.runner[:, :-1]])
    moved: Floats = np.where(paths.moved, table[np.arange(data.last)[None, :], sender, tier, paths.way], 0.0)
    return moved


def arrivals(data: Data, paths: Paths, value: Callable[[Entry], float]) -> Floats:
    """Something of taking over at each stage, N x M.

    Parameters
    ----------
    data, paths
        Coefficients of an instance, and N placements.
    value
        What to look up, by stage, receiver and way; 0 where nothing is handed over.
    """
    widest = max(len(ways) for ways in data.instance.ways) + 1
    table = np.zeros((data.last, len(data.runners), widest))
    for entry in data.entries:
        s, e, w = entry
        table[s - 1, e, w] = value(entry)
    arrived: Floats = np.where(paths.moved, table[np.arange(data.last)[None, :], paths.runner, paths.way], 0.0)
    return arrived
