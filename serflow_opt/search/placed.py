"""Placements of a chain one by one: what they add to the columns, their own bounds, and thresholds that attain them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt import kernels
from serflow_opt.formulations.coefficients import SOURCE
from serflow_opt.ground.arrays import Floats, Ints, Mask
from serflow_opt.ground.deadline import NEVER, Deadline
from serflow_opt.search.envelope import Envelope
from serflow_opt.search.lagrangian import LinearCost, StageExits, closed, solve_dual
from serflow_opt.search.layered import Chain
from serflow_opt.search.placements import NOWHERE, Paths
from serflow_opt.search.threshold_labels import ThresholdTask

if TYPE_CHECKING:
    from serflow_opt.kernels.placing import Placing


@dataclass(frozen=True, slots=True)
class Placed:
    """N placements, what each stage with the hand-over before it adds to the columns, and their whole times.

    Attributes
    ----------
    adds
        N x M x C.
    whole
        N.
    """

    paths: Paths
    adds: Floats
    whole: Floats

    def __len__(self) -> int:
        """Return N."""
        return len(self.whole)

    def rows(self, chosen: Ints | Mask | slice) -> Placed:
        """Return some of them."""
        return Placed(self.paths[chosen], self.adds[chosen], self.whole[chosen])


@dataclass(frozen=True, slots=True)
class Brackets:
    """Of N placements: bounds and the multipliers (N x C) that gave them; thresholds that keep the accuracy floor.

    Attributes
    ----------
    value
        What the thresholds come to; infinite where they break another limit, or none keep the floor.
    """

    bound: Floats
    weights: Floats
    value: Floats
    levels: Ints


def placed(chain: Chain, paths: Paths) -> Placed:
    """Add up what placements take."""
    if kernels.compiled:
        from serflow_opt.kernels.placing import added

        rows = located(chain, paths)
        return Placed(paths, added(chain.flat, rows, chain.adds), whole_times(chain, rows))
    stage, there = np.arange(len(chain.on)), paths.runner != NOWHERE
    adds, whole = chain.adds[stage, paths.runner], chain.whole[stage, paths.runner].sum(axis=1)
    if not there.all():
        adds[~there] = 0.0
        whole = np.where(there, chain.whole[stage, paths.runner], 0.0).sum(axis=1)
    rows, stages = np.nonzero(paths.moved)
    for n, s in zip(rows.tolist(), stages.tolist(), strict=True):
        sender = SOURCE if s == 0 else int(paths.runner[n, s - 1])
        receiver, way = int(paths.runner[n, s]), int(paths.way[n, s])
        hub = (s + 1, chain.data.tier[receiver], way, chain.data.carried(s + 1, receiver))
        for crossing, end in [(c, sender) for c in chain.leaving[s]] + [(c, receiver) for c in chain.entering[s]]:
            at = np.flatnonzero(crossing.runner == end).tolist() if crossing.hub == hub else []
            if at:
                adds[n, s] += crossing.adds[at[0]]
                whole[n] += crossing.whole[at[0]]
    return Placed(paths, adds, whole)


def located(chain: Chain, paths: Paths) -> Ints:
    """Return the runner of each stage and the ways in and out of its hub, as the kernels number them, N x M x 3."""
    runner, way, moved = (np.ascontiguousarray(part) for part in (paths.runner, paths.way, paths.moved.view(np.uint8)))
    rows: Ints = chain.known("placing", _placing).located(runner, way, moved)
    return rows


def whole_times(chain: Chain, rows: Ints) -> Floats:
    """Return whole times of placements, as `located` has them, N."""
    times: Floats = chain.known("placing", _placing).times(rows)
    return times


def _placing(chain: Chain) -> Placing:
    from serflow_opt.kernels.placing import Placing

    return Placing(chain.flat)


def bracket(chain: Chain, those: Placed, held: Floats, deadline: Deadline = NEVER) -> Brackets:
    """Close the bracket of the accuracy floor of each placement.

    Parameters
    ----------
    held
        Multipliers of the columns; the accuracy's is found here.
    deadline
        When to stop.

    Raises
    ------
    OutOfTime
        When the deadline passes.
    """
    exits = StageExits(chain.menus, menus_used(chain, those.paths), _lost(those), [chain.flat.lines])
    limits = np.where(np.isfinite(chain.limits), chain.limits, 0.0)
    fixed = np.full(len(those), -float(held[1:-1] @ limits[1:-1]))
    floor = -chain.limits[-1] if np.isfinite(chain.limits[-1]) else None
    found = solve_dual(exits, floor, LinearCost(fixed, those.adds[:, :, :-1] @ held[:-1]), deadline)
    weights = np.tile(held, (len(those), 1))
    weights[:, -1] = found.multiplier
    columns = columns_of(chain, those, found.levels)
    holds = np.isfinite(found.value) & (columns <= chain.limits).all(axis=1)
    return Brackets(found.bound, weights, np.where(holds, columns[:, 0], np.inf), found.levels)


def least_values(chain: Chain, those: Placed, weights: Floats) -> Floats:
    """Return the least V of each placement, N, whatever the thresholds; compiled only.

    Parameters
    ----------
    chain, those
        The arrays of the instance, and N placements.
    weights
        C multipliers.
    """
    from serflow_opt.kernels.listing import Least

    runner = np.ascontiguousarray(those.paths.runner)
    least: Floats = Least(chain.flat).values(runner, those.adds @ weights, float(weights[-1]))
    return least


def columns_of(chain: Chain, those: Placed, levels: Ints) -> Floats:
    """What thresholds make of the columns, N x C.

    Parameters
    ----------
    chain, those
        The arrays of the instance, and N placements.
    levels
        N x M, positions in the menus that the stages use.
    """
    used = menus_used(chain, those.paths)
    begin, rates, masses = chain.known("entries", _entries)
    first = begin[np.arange(levels.shape[1]), 0 if used is None else used] + levels
    if kernels.compiled:
        from serflow_opt.kernels.placing import summed

        sums: Floats = summed(those.adds, first, rates, masses)
        return sums
    go_on, mass = 1 - rates[first], masses[first]
    reach = np.ones(levels.shape)
    np.cumprod(go_on[:, :-1], axis=1, out=reach[:, 1:])
    columns: Floats = np.matmul(reach[:, None, :], those.adds)[:, 0]
    columns[:, -1] -= np.einsum("ns,ns->n", reach, mass)
    return columns


def _entries(chain: Chain) -> tuple[Ints, Floats, Floats]:
    """Return where the entries of each menu begin, M x menus, and exit rates and accuracy masses of all of them."""
    begin = np.zeros((len(chain.menus), max(map(len, chain.menus))), dtype=np.int64)
    every = [(s, k, menu) for s, menus in enumerate(chain.menus) for k, menu in enumerate(menus)]
    count = 0
    for s, k, menu in every:
        begin[s, k] = count
        count += len(menu.rate)
    rates, masses = (np.concatenate(part) for part in zip(*((menu.rate, menu.mass) for *_, menu in every), strict=True))
    return begin, rates, masses


def task_of(chain: Chain, those: Placed, n: int) -> ThresholdTask:
    """Return the threshold problem of a placement, of the stages it has.

    Parameters
    ----------
    chain, those
        The arrays of the instance, and placements.
    n
        Which of them.
    """
    used = menus_used(chain, those.paths)
    menus: list[Envelope] = [menus[0 if used is None else int(used[n, s])] for s, menus in enumerate(chain.menus)]
    count = int(those.paths.stages[n])
    if not kernels.compiled:
        return ThresholdTask(menus[:count], those.adds[n, :count], chain.limits)
    lines = chain.flat.lines
    numbers = lines.first[:-1] if used is None else lines.first[:-1] + used[n]
    return ThresholdTask(menus[:count], those.adds[n, :count], chain.limits, lines, numbers[:count])


def menus_used(chain: Chain, paths: Paths) -> Ints | None:
    """Return which menus placements use, N x M; None: the first everywhere."""
    used = None if chain.used is None else chain.used[np.arange(len(chain.on)), paths.runner]
    return closed(used, chain.closing, paths)


def _lost(those: Placed) -> Floats | None:
    lost = those.adds[:, :, -1]
    return lost if lost.any() else None
