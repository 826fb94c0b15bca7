"""A pool over time: how often enough are up, what it costs, and what is late, request by request where too few are.

While enough are up, what is late is that of the queue for good, as in the plan. From the moment that fewer are up until
enough are and all who waited are served, requests are drawn one by one: backlogs that outlast what they come of are
what the plan's average leaves out. Who is being served when a machine goes is finished there: providers give notice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from heapq import heappop, heappush
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from serflow_opt.families.simulated import beside, decision_to_run
from serflow_opt.families.spot.evaluate import value
from serflow_opt.families.spot.problem import DAY_S, Counts, SpotPool
from serflow_opt.families.spot.simulated import PoolSimulated
from serflow_opt.families.spot.trajectory import Trajectory, draw, joint_rate
from serflow_opt.ground.arguments import Arguments
from serflow_opt.ground.stopping import stoppable

if TYPE_CHECKING:
    from serflow_opt.families.answer import Solution
    from serflow_opt.families.protocol import Question

REQUESTS = 100_000
"""Looked at one by one, about, where it is not said how many."""
MOST = 10_000_000
FLIPS = 400_000
"""Changes of machines and zones that are drawn, at most."""
LONGEST_DAYS = 36_525.0
WARM = 30.0
"""Service times before too few are up from which requests are drawn."""


@stoppable()
def simulate(
    problem: Question,
    plan: Solution | Mapping[str, Any] | None = None,
    *,
    trace: str | Path | None = None,
    every_s: float = 60.0,
    requests: int | None = None,
    seed: int = 0,
    on_progress: Callable[[str], None] | None = None,
) -> PoolSimulated:
    """Run a pool for as long as it takes to see shortages, or hold it in a market.

    Parameters
    ----------
    problem
        Of kind spot.
    plan
        An answer, or its document; None: the best there is.
    trace
        A market, as `compare` takes it: what is lost is started again as soon as it can be, and what is late is that
        of the queue for good. None: machines and zones are drawn, shortages request by request.
    every_s
        Seconds of a step of the market.
    requests, seed
        How many requests are looked at one by one, about; of all that is drawn.
    on_progress
        Called with what is being done.

    Raises
    ------
    InputError
        For arguments that are none, and for a plan that does not fit.
    """
    with Arguments() as given:
        most = given.whole("requests", REQUESTS if requests is None else requests, 1)
        seed = given.whole("seed", seed)
        step_s = given.number("every_s", every_s, 0.0, above=True)
        if most > MOST:
            given.misfit("requests", f"{most:,}", f"at most {MOST:,}")
    counts: Counts = decision_to_run(problem, plan, on_progress)
    if on_progress is not None:
        on_progress("simulating")
    pool: SpotPool = problem.data
    if trace is not None:
        from serflow_opt.families.spot.held import in_market

        return in_market(problem, counts, Path(trace), step_s)
    planned, random = value(pool, counts).values, np.random.default_rng(seed)
    seconds = _span(pool, counts, planned, most)
    seen = draw(pool, counts, seconds, random)
    short = shortages(seen, pool.enough)
    lengths = np.array([own.end_s - own.start_s for own in short]) if short else np.zeros(1)
    late, looked = _late(pool, seen, short, random)
    found = {
        "cost": seen.paid_usd / seconds * 3600,
        "late": late,
        "availability": 1 - float(lengths.sum()) / seconds,
        "interruptions": seen.interruptions / seconds * DAY_S,
    }
    from serflow_opt.families.registry import family_of

    family = family_of(problem)
    return PoolSimulated(
        kind=problem.kind,
        instance=problem.name,
        days=seconds / DAY_S,
        seed=seed,
        figures=[
            beside(own.word, own.unit, planned[own.name], planned[own.name], found[own.name])
            for own in family.quantities
        ],
        shortages=len(short),
        shortage_mean_s=float(lengths.mean()),
        shortage_longest_s=float(lengths.max()),
        requests=looked,
        plan=family.document_of(problem, counts),
    )


@dataclass(frozen=True, slots=True)
class Shortage:
    """Fewer than enough are up, from one moment to another; `at` is the first step of the trajectory in it."""

    start_s: float
    end_s: float
    at: int


def _span(pool: SpotPool, counts: Counts, planned: Mapping[str, float], requests: int) -> float:
    """Seconds to draw: about so many requests in shortages, and not more changes than can be held."""
    flips = (
        2 * planned["interruptions"] / DAY_S + sum(2 / (own.up_s + own.down_s) for own in pool.zones) + joint_rate(pool)
    )
    most = min(LONGEST_DAYS * DAY_S, FLIPS / flips if flips else DAY_S)
    share = 1 - planned["availability"]
    if pool.queue and share * pool.rate_per_s > 0:
        most = min(most, requests / (share * pool.rate_per_s))
    return max(most, DAY_S)


def shortages(seen: Trajectory, enough: int) -> list[Shortage]:
    """Return when fewer than enough are up; in the order of time."""
    below = seen.workers < enough
    edges = np.flatnonzero(np.diff(np.concatenate([[0], below.astype(int), [0]])))
    starts, ends = edges[::2], edges[1::2]
    return [
        Shortage(float(seen.moments[a]), float(seen.moments[b]), int(a))
        for a, b in zip(starts.tolist(), ends.tolist(), strict=True)
    ]


def _late(pool: SpotPool, seen: Trajectory, short: list[Shortage], random: np.random.Generator) -> tuple[float, int]:
    """Share of all requests that is late, and how many were looked at one by one."""
    lengths, share = np.diff(seen.moments), np.array(pool.late)[seen.workers.astype(int)]
    end = float(seen.moments[-1])
    if not pool.queue:
        return float(lengths @ share) / end, 0
    total, looked, late, done = float(lengths @ share) * pool.rate_per_s, 0, 0.0, 0.0
    for own in short:
        if own.start_s < done:  # within the backlog of the one before
            continue
        stretch = Stretch(pool, seen, own, random)
        total -= stretch.formula_s * pool.rate_per_s
        late += stretch.late
        looked += stretch.requests
        done = stretch.end_s
    return (total + late) / (pool.rate_per_s * end), looked


class Stretch:
    """Requests one by one from the start of a shortage until enough are up and nobody waits.

    Parameters
    ----------
    pool, seen, own
        The pool, how many are up, and the shortage.
    random
        What draws.

    Attributes
    ----------
    end_s
        When nobody waits any more.
    late, requests
        How many came from the start to the end, and were late.
    formula_s
        Seconds of these that requests would be late by the formula.
    """

    def __init__(self, pool: SpotPool, seen: Trajectory, own: Shortage, random: np.random.Generator) -> None:
        self.pool, self.seen, self.random = pool, seen, random
        self.late = self.requests = 0
        self._run(own)
        moments = np.clip(seen.moments, own.start_s, self.end_s)
        self.formula_s = float(np.diff(moments) @ np.array(pool.late)[seen.workers.astype(int)])

    def _service(self) -> float:
        return float(self.random.exponential(self.pool.service_s)) if self.pool.exponential else self.pool.service_s

    def _run(self, own: Shortage) -> None:
        pool, moments, workers = self.pool, self.seen.moments.tolist(), self.seen.workers.tolist()
        step, last = max(own.at - 1, 0), len(workers) - 1
        now = max(own.start_s - WARM * pool.service_s, moments[step])
        waiting: list[float] = []
        first = 0  # of those that wait
        leaving: list[float] = []
        gap = 1 / pool.rate_per_s
        arrival = now + float(self.random.exponential(gap))
        while True:
            change = moments[step + 1] if step < last else np.inf
            departure = leaving[0] if leaving else np.inf
            now = min(arrival, change, departure)
            if now >= moments[-1]:
                break
            if now == change:
                step += 1
            elif now == departure:
                heappop(leaving)
            else:
                waiting.append(arrival)
                arrival += float(self.random.exponential(gap))
            while first < len(waiting) and len(leaving) < workers[step]:
                came, end = waiting[first], now + self._service()
                first += 1
                heappush(leaving, end)
                if came >= own.start_s:
                    self.requests += 1
                    self.late += end - came > pool.slo_s
            if now >= own.end_s and first == len(waiting) and workers[step] >= pool.enough:
                break
        self.end_s = now
        left = [came for came in waiting[first:] if came >= own.start_s]  # when the time drawn is over
        self.requests += len(left)
        self.late += len(left)
