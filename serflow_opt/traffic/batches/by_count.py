"""Numbers of machines that cannot do, whatever the thresholds: the loads these leave beside the waits they make.

Blocks of machines alone are busy L_b = Σ_s w_{b,s} R_s at least (`lines.py`). Thresholds that keep the accuracy floor
have loads above all lines Σ_b μ_b L_b >= v(μ), v(μ) the Lagrangian bound of that weight (`search/lagrangian.py`). Some
machines allow those loads with which no more are late than may be. A request that comes to stage s has waited at all
blocks up to there, and more than its slack t_s with probability P_s, so of requests that leave at different stages

    late = Σ_s R_s (P_s - P_(s-1)) >= Σ_s lo_s (P_s - P_(s-1)),        lo_s the least reach of s: slacks fall, P_s rises

P_s rises with the loads: where even the least of each are too many the numbers are out; and where two blocks make wait,
loads are cut into cells, of which those are out whose lower corner is late, or whose upper corner is below a line.
Waits are those of M/M/c, independent between blocks; the sum of two has a closed form.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.ground.tolerances import EQUAL, TOLERANCE
from serflow_opt.search.lagrangian import LinearCost, forced_levels, solve_dual
from serflow_opt.traffic.queues.erlang import erlang_b

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from serflow_opt.formulations.coefficients import Data
    from serflow_opt.traffic.batches.lines import ReachLines
    from serflow_opt.traffic.batches.models import Limits
    from serflow_opt.traffic.provision.structures import Structure

    Floats = NDArray[np.float64]
    Counts = tuple[int, ...]

DIRECTIONS = 12
"""Lines below the loads of two blocks."""
CELLS = 32
"""Parts of the loads of a block."""
ON_GRID = 0.01
"""Sums of waits are valued on a grid (`provision/lateness.py`), which is off by far less than this part."""


@dataclass(frozen=True, slots=True)
class CountsLeft:
    """What some numbers of machines cost at least, USD/s, and by direction the most load that any of them allow."""

    usd: float
    most: Floats


class LeastCounts:
    """Numbers of machines that the least loads of a structure leave.

    Parameters
    ----------
    limits
        What is asked, and the best known.
    lines, data
        Of a set of thresholds.
    longest, shortest
        The structure with the longest waits of batches, which leave the least work, and with the shortest, which leave
        the most slack; the same where it has one wait. No block has machines and a function.
    """

    def __init__(self, limits: Limits, lines: ReachLines, data: Data, longest: Structure, shortest: Structure) -> None:
        self.limits, self.lines, self.data, self.shortest = limits, lines, data, shortest
        self.own = [b for b, choice in enumerate(longest) if choice.machine is not None]
        options = [limits.structures.option(longest[b].machine or 0) for b in self.own]
        self.rents, self.workers = [o.rent_per_s for o in options], [o.workers for o in options]
        tiers = limits.structures.instance.tiers
        self.limit = [tiers[o.tier].scaling.machines_max or math.inf for o in options]
        self.batches = [lines.batches(shortest[b]) for b in self.own]
        self.random = limits.carrying.arrivals == "random"
        self.waits = self.random and limits.structures.instance.latency_slo_s is not None
        self.slacks = self._slacks()
        work = limits.rate * np.array([lines.work(longest[b]) for b in self.own])
        self.weights = _directions(len(self.own), work)
        self.rows = np.vstack([self.weights @ work, np.sum([lines.usd(choice) for choice in longest], axis=0)])
        self.exits = lines.exits
        view = LinearCost(np.zeros(len(self.rows)), self.rows)
        found = solve_dual(self.exits, data.instance.accuracy_min, view)
        self.multiplier, self.levels = found.multiplier, found.levels
        self.least = found.bound * (1 - EQUAL)

    def _slacks(self) -> list[tuple[int, Floats, Floats]]:
        """Return by how many blocks make wait the slacks of the stages behind these, and their least reaches."""
        bound, measure = self.limits.structures.instance.latency_slo_s, self.limits.promise.measure
        if not self.waits or bound is None or measure == "mean":
            return []
        cold = None if measure == "worst" else [0.0] * len(self.shortest)
        done = np.array(self.limits.structures.done_s(self.shortest, cold))
        low = np.array([self.lines.low(s) for s in range(len(done))])
        behind = np.array(
            [sum(b <= at for b in self.own) for at, c in enumerate(self.shortest) for _ in range(c.first, c.last + 1)]
        )
        slack = np.maximum(0.0, bound * (1 + TOLERANCE) - done)
        return [(n, slack[behind == n], low[behind == n]) for n in range(1, len(self.own) + 1)]

    def left(self, below: float) -> CountsLeft | None:
        """Return what possible numbers leave that cost less than `below`, USD/s; None: none do."""
        if not np.isfinite(self.least).all():
            return None
        usd = float(self.least[-1])
        budget = below * (1 - EQUAL) - usd
        fewest = [self._fewest(b, budget) for b in range(len(self.own))]
        if any(n is None for n in fewest):
            return None
        inside = self._inside(tuple(n for n in fewest if n is not None), budget)
        allowed = [most for most in map(self._allowed, _maximal(inside)) if most is not None]
        if not allowed:
            return None
        rent = min(map(self._rent, inside))
        return CountsLeft(usd + rent, np.append(np.max(allowed, axis=0), below - rent))

    @property
    def middle(self) -> tuple[int, ...]:
        """Positions of thresholds that the direction in the middle likes."""
        levels = self.levels[len(self.weights) // 2]
        return tuple(
            self.data.menu[s][self.data.levels[s][k]].position
            for s, k in zip(self.data.stages, levels.tolist(), strict=True)
        )

    def narrowed(self, left: CountsLeft) -> list[tuple[int, int]]:
        """Return levels that no direction rules out: all that are in thresholds for which the numbers may do."""
        view = LinearCost(np.zeros(len(self.rows)), self.rows)
        last = np.full(len(self.rows), self.data.last)
        forced = forced_levels(self.exits, self.data.instance.accuracy_min, view, self.multiplier, last)
        return [
            (s, level)
            for s in self.data.stages
            for k, level in enumerate(self.data.levels[s])
            if (forced[s, k] * (1 - EQUAL) <= left.most).all()
        ]

    def _rent(self, counts: Counts) -> float:
        return math.fsum(n * rent for n, rent in zip(counts, self.rents, strict=True))

    def _inside(self, fewest: Counts, budget: float) -> set[Counts]:
        """Return numbers of machines within a budget."""
        ranges, rent = list[range](), self._rent(fewest)
        for n, each, limit in zip(fewest, self.rents, self.limit, strict=True):
            more = math.floor((budget - rent) / each * (1 + EQUAL)) if each > 0 else 0
            ranges.append(range(n, int(min(n + max(0, more), limit)) + 1))
        found = np.array(list(itertools.product(*ranges)))
        carried = (self._caps(found) @ self.weights.T >= self.least[:-1]).all(axis=1)
        return set(map(tuple, found[carried & (found @ np.array(self.rents) <= budget)].tolist()))

    def _caps(self, counts: NDArray[np.int64]) -> Floats:
        """Return by block how busy machines may be at most."""
        caps: Floats = counts * np.array(self.workers) * (self.limits.carrying.cap * (1 + TOLERANCE))
        return caps

    def _fewest(self, b: int, budget: float) -> int | None:
        """Return the fewest machines of a block for its least load; None: too many for a budget."""
        load = max(0.0, float(self.least[b]))
        count = max(1, math.ceil(load / (self.limits.carrying.cap * self.workers[b]) * (1 - TOLERANCE)))
        while count <= self.limit[b] and count * self.rents[b] <= budget:
            if self._late([b], [count], [np.array([load])])[0] <= self._room:
                return count
            count += 1
        return None

    @property
    def _room(self) -> float:
        return self.limits.promise.room * (1 + ON_GRID)

    def _allowed(self, counts: Counts) -> Floats | None:
        """Return by direction the most that loads may be on some machines; None: none above all lines are in time."""
        blocks = list(range(len(self.own)))
        caps, least = self._caps(np.array(counts)), self.least[:-1]
        low = least[: len(blocks)]
        if self._late(blocks, counts, [np.array([own]) for own in low])[0] > self._room:
            return None
        if not self.waits:
            return np.asarray(self.weights @ caps)
        steps = np.linspace(0.0, 1.0, CELLS + 1)
        grid = [low[b] + (caps[b] - low[b]) * steps for b in blocks]
        if len(blocks) == 2:
            late = self._late(blocks, counts, [grid[0][:-1, None], grid[1][None, :-1]])
            at = np.argwhere(late <= self._room)
            corners = np.column_stack([grid[0][at[:, 0] + 1], grid[1][at[:, 1] + 1]])
        else:
            corners = np.array([[self._cap(b, counts, low, grid[b]) for b in blocks]])
        above = corners @ self.weights.T
        above = above[(above >= least).all(axis=1)]
        return None if not len(above) else np.asarray(above.max(axis=0))

    def _cap(self, b: int, counts: Counts, low: Floats, grid: Floats) -> float:
        """Return the most that one block may be busy where the others are as little as they can."""
        loads = [grid[:-1] if c == b else np.full(1, own) for c, own in enumerate(low)]
        late = self._late(range(len(low)), counts, loads)
        return float(grid[np.flatnonzero(late <= self._room)[-1] + 1])

    def _late(self, blocks: Sequence[int], counts: Sequence[int], loads: Sequence[Floats]) -> Floats:
        """Return at least who is late, where only some blocks make wait; seconds, where the mean is limited."""
        found: Floats = np.zeros(np.broadcast_shapes(*(own.shape for own in loads)))
        if not self.waits:
            return found
        chances: list[tuple[Floats, Floats]] = []
        for b, count, load in zip(blocks, counts, loads, strict=True):
            servers = count * self.workers[b]
            blocked = erlang_b(servers, load)
            full = load >= servers
            with np.errstate(divide="ignore", invalid="ignore"):
                waiting = np.where(full, 1.0, blocked / (1 - load / servers * (1 - blocked)))
                pace = np.where(full, 0.0, (servers - load) * self.batches[b] / np.maximum(load, EQUAL))
            chances.append((waiting, pace))
        if self.limits.promise.measure == "mean":
            return self._mean(blocks, chances) + found
        before: Floats = np.zeros((1, *found.shape))
        for behind, slack, low in self.slacks:
            met = [own for b, own in zip(blocks, chances, strict=True) if b < behind]
            if not met:
                continue
            shape = (len(slack), *[1] * found.ndim)
            own = _beyond(met, slack.reshape(shape)) + np.zeros((1, *found.shape))
            more = np.diff(np.concatenate([before, own]), axis=0)
            found = found + (low.reshape(shape) * np.maximum(0.0, more)).sum(axis=0)
            before = np.maximum(before, own[-1:])
        return found

    def _mean(self, blocks: Sequence[int], chances: Sequence[tuple[Floats, Floats]]) -> Floats:
        """Seconds of the mean request at least, with waits at some blocks."""
        done = self.limits.structures.done_s(self.shortest)
        steps = [now - before for before, now in zip([0.0, *done], done, strict=False)]
        total: Floats = np.asarray(math.fsum(self.lines.low(s) * step for s, step in enumerate(steps)))
        for b, (waiting, pace) in zip(blocks, chances, strict=True):
            with np.errstate(divide="ignore"):
                total = total + self.lines.low(self.shortest[self.own[b]].first) * waiting / pace
        return total


def _beyond(met: Sequence[tuple[Floats, Floats]], slack: Floats) -> Floats:
    """P(sum of waits > slack), of each slack in front; of more than two waits the most of any two."""
    if len(met) == 1:
        waiting, pace = met[0]
        one: Floats = waiting * np.exp(-pace * slack)
        return one
    most: Floats = np.zeros(1)
    for (a, slow), (b, fast) in itertools.combinations(met, 2):
        low, high = np.minimum(slow, fast), np.maximum(slow, fast)
        gone = (high - low) * slack
        with np.errstate(divide="ignore", invalid="ignore"):
            part = np.where(gone > 0, -np.expm1(-gone) / gone, 1.0)
        both = np.exp(-low * slack) * (1 + low * slack * part)
        most = np.maximum(
            most, a * (1 - b) * np.exp(-slow * slack) + b * (1 - a) * np.exp(-fast * slack) + a * b * both
        )
    return most


def _directions(blocks: int, work: Floats) -> Floats:
    """Return weights of loads: of each block alone, and of two together."""
    alone = np.eye(blocks)
    if blocks != 2:
        return alone
    part = (np.arange(1, DIRECTIONS) / DIRECTIONS)[:, None]
    return np.vstack([alone, np.hstack([part, 1 - part]) / np.maximum(work.sum(axis=1), EQUAL)])


def _maximal(inside: set[Counts]) -> Iterator[Counts]:
    """Yield numbers to which no machine can be added: where none of these do, none does."""
    for own in inside:
        if not any((*own[:b], own[b] + 1, *own[b + 1 :]) in inside for b in range(len(own))):
            yield own
