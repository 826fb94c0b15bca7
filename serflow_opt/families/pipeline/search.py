"""The best pipelines, proven: for every number of workers of each type, the cuts whose slowest stage is fastest.

From the last layer to the first: T(i, m) is the least time of the slowest stage of layers i.., on exactly m workers of
each type. Its first stage is a run of layers i..j-1 on r workers of a type p,

    T(i, m) = min over j > i, p, r of max(S_{p,r,v}(i, j), T(j, m - r e_p))

S is the slowest of computing, synchronising and handing over, infinite where the mini-batches in flight, v by r and
|m| (`in_flight`), do not fit the memory. What comes behind only counts by its workers, so the recursion is exact. Rent
and workers are told by m, and the cost of a sample by m and T: all limits and goals are looked up in T(0, ·).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

from serflow_opt.families.pipeline.problem import Pipeline, PipelineStage, Plan, in_flight
from serflow_opt.ground.tolerances import TOLERANCE

Array = NDArray[np.float64]
State = tuple[int, ...]


class LayerRuns:
    """Times of all runs of layers i..j-1 on a type of workers, by the number of these, (n+1) x (n+1)."""

    def __init__(self, problem: Pipeline) -> None:
        self.problem = problem
        layers = problem.layers
        weights = np.array([0.0, *(layer.parameter_bytes for layer in layers)]).cumsum()
        held = np.array([0.0, *(layer.held_bytes for layer in layers)]).cumsum()
        self.crossing = np.array([0.0, *(layer.crossing_bytes for layer in layers[:-1]), 0.0])
        seconds = [np.array([0.0, *map(sum, problem.seconds(p))]).cumsum() for p in range(len(problem.workers))]
        *self.seconds, self.weights, self.held = (
            np.triu(own[None, :] - own[:, None]) for own in (*seconds, weights, held)
        )
        self.none = np.tril(np.ones(self.weights.shape, dtype=bool))
        self._times: dict[tuple[int, int], Array] = {}

    def times(self, p: int, r: int, versions: int) -> Array:
        """S_{p,r,v}, infinite where there is no run or it does not fit.

        Parameters
        ----------
        p, r
            Type of workers, by position, and how many hold the run together.
        versions
            Versions v of the weights that a worker keeps.

        Returns
        -------
        Seconds by first layer and layer behind the last, (n+1) x (n+1).
        """
        worker = self.problem.workers[p]
        if (p, r) not in self._times:
            work = (self.seconds[p] + 4 * (r - 1) * self.weights / (worker.bytes_per_s * r)) / r
            moved = 2 * self.crossing / (worker.bytes_per_s * r)
            slowest = np.maximum(work, np.maximum(moved[:, None], moved[None, :]))
            self._times[p, r] = np.where(self.none, np.inf, slowest)
        known = self._times[p, r]
        if worker.memory_bytes is None:
            return known
        kept = versions * (self.weights + self.held + self.crossing[:, None])
        return np.where(kept > worker.memory_bytes * (1 + TOLERANCE), np.inf, known)


class SplitTable:
    """T and the choices behind it."""

    def __init__(self, problem: Pipeline) -> None:
        runs, count, n = LayerRuns(problem), len(problem.workers), len(problem.layers)
        nobody = (0,) * count
        start = np.full(n + 1, np.inf)
        start[n] = 0.0
        self.times: dict[State, Array] = {nobody: start}
        self.first: dict[State, list[tuple[int, int, int]]] = {}
        self.looked = 0
        states = product(*(range(worker.count + 1) for worker in problem.workers))
        for m in sorted(states, key=sum)[1:]:
            best, chosen = np.full(n + 1, np.inf), [(0, 0, 0)] * (n + 1)
            for p in range(count):
                for r in range(1, m[p] + 1):
                    before = (*m[:p], m[p] - r, *m[p + 1 :])
                    rest = self.times[before]
                    if not np.isfinite(rest).any():
                        continue
                    whole = np.maximum(runs.times(p, r, in_flight(r, sum(m) - r, problem.on_links)), rest[None, :])
                    self.looked += whole.size // 2
                    cut = whole.argmin(axis=1)
                    time = whole[np.arange(n + 1), cut]
                    for i in np.flatnonzero(time < best):
                        chosen[i] = int(cut[i]), p, r
                    best = np.minimum(best, time)
            self.times[m], self.first[m] = best, chosen
        self.problem = problem

    def plan(self, m: State) -> Plan:
        """Return the pipeline on exactly m workers."""
        stages, i = [], 0
        while any(m):
            j, p, r = self.first[m][i]
            stages.append(PipelineStage(i, j - 1, p, r))
            m, i = (*m[:p], m[p] - r, *m[p + 1 :]), j
        return tuple(stages)


@lru_cache(maxsize=8)
def table_of(problem: Pipeline) -> SplitTable:
    """Return the table of a problem, made once."""
    return SplitTable(problem)


def best(problem: Pipeline, goal: Mapping[str, float], limits: Mapping[str, float]) -> tuple[float, Plan] | None:
    """Return the least value of a goal within limits, and its plan; None: there is none.

    Parameters
    ----------
    problem
        The problem.
    goal
        Coefficients of quantities, none below 0.
    limits
        Most of each quantity.
    """
    found: tuple[float, State] | None = None
    table = table_of(problem)
    for m, times in table.times.items():
        time = float(times[0])
        if not math.isfinite(time) or not any(m):
            continue
        rent = sum(k * worker.usd_per_s for k, worker in zip(m, problem.workers, strict=True))
        values = {"time": time, "rent": rent * 3600, "cost": rent * time / problem.batch, "workers": float(sum(m))}
        if any(values[name] > most + TOLERANCE * abs(most) for name, most in limits.items()):
            continue
        own = sum(by * values[name] for name, by in goal.items())
        if found is None or own < found[0]:
            found = own, m
    return None if found is None else (found[0], table.plan(found[1]))
