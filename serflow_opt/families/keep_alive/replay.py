"""Replay requests one by one: what a fixed window, the hybrid histogram, LSTH and windows chosen anew come to.

After each request a policy says when the function is loaded, knowing idle times up to then only; the next request
meets a cold start where it comes outside. How long requests take to serve is left aside.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from serflow_opt.errors import InputError, Problem
from serflow_opt.families.keep_alive.histogram import Histogram
from serflow_opt.families.keep_alive.problem import Idle, KeepAliveWindow
from serflow_opt.families.keep_alive.windows import best_window
from serflow_opt.ground.document import Answer, Document

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from serflow_opt.families.protocol import Question
    from serflow_opt.traffic.demand.trace import Trace

MOST_REQUESTS = 1_000_000
USUAL = KeepAliveWindow(0.0, 600.0)
"""What providers are said to do: a function is kept for ten minutes."""
HOUR_S, DAY_S = 3_600.0, 86_400.0
LEAST = 10
"""Idle times that a histogram has to have seen; before, functions are kept for ten minutes."""
SHARE = 0.5
"""Of the long histogram in LSTH."""

Policy = Callable[[float, float], KeepAliveWindow]
"""Is told each idle time as it ends, and when; returns the window that follows."""


class ReplayedPolicy(Document):
    """What a policy comes to over a trace."""

    policy: str
    words: str
    cold: float = Field(description="share of requests that meet a cold start")
    idle_s: float = Field(description="seconds loaded and idle, a request")
    cost_usd: float = Field(description="of a request: being loaded, and cold starts at what they are worth")


class Replay(Answer):
    """Policies side by side over the same requests, as `simulate --json` prints it."""

    kind: str
    instance: str
    trace: str
    requests: int
    seconds: float = Field(description="from the first request to the last")
    policies: list[ReplayedPolicy]

    def to_frame(self) -> pd.DataFrame:
        """Return one row a policy."""
        import pandas as pd

        return pd.DataFrame([own.model_dump() for own in self.policies])

    def _said(self) -> str:
        return f"{self.instance}: {len(self.policies)} policies over {self.requests:,} requests of {self.trace}"


def simulate(problem: Question, trace: Trace, *, seed: int = 0) -> Replay:
    """Replay the requests of a trace under every policy.

    Parameters
    ----------
    problem
        Of kind keep-alive: its best window is one of the policies, and its prices are those of all.
    trace
        Requests by period; they come at random moments of it.
    seed
        Of these moments.

    Raises
    ------
    InputError
        For a trace of less than two requests, or of very many.
    """
    total = int(trace.counts.sum())
    if not 2 <= total <= MOST_REQUESTS:
        cure = f"give 2 to {MOST_REQUESTS:,} requests: a part of it, or scaled"
        raise InputError([Problem(trace.name, "--trace", f"{total:,} requests", cure)])
    times = _moments(trace, seed)
    gaps = np.diff(times)
    rows = []
    for name, (words, policy) in _policies(problem).items():
        cold, idle = _replayed(gaps, times[1:], policy)
        cost = idle * problem.data.usd_per_idle_s + cold * problem.data.usd_per_cold_start
        rows.append(ReplayedPolicy(policy=name, words=words, cold=cold, idle_s=idle, cost_usd=cost))
    return Replay(
        kind=problem.kind,
        instance=problem.name,
        trace=trace.name,
        requests=len(times),
        seconds=float(times[-1] - times[0]),
        policies=rows,
    )


def _moments(trace: Trace, seed: int) -> NDArray[np.float64]:
    """When requests come: at random within their periods."""
    period = np.repeat(np.arange(len(trace.counts)), trace.counts)
    return np.sort((period + np.random.default_rng(seed).random(len(period))) * trace.period_s)


def _replayed(gaps: NDArray[np.float64], ends: NDArray[np.float64], policy: Policy) -> tuple[float, float]:
    """Share of cold starts and idle seconds a request."""
    window, cold, idle = USUAL, 0, 0.0
    for gap, now in zip(gaps.tolist(), ends.tolist(), strict=True):
        idle += max(min(gap, window.keep_s) - window.prewarm_s, 0.0)
        cold += gap < window.prewarm_s or gap > window.keep_s
        window = policy(gap, now)
    return cold / len(gaps), idle / len(gaps)


def _policies(problem: Question) -> Mapping[str, tuple[str, Policy]]:
    data: Idle = problem.data
    weights = {problem.optimise: 1.0}
    best = best_window(data, weights, problem.limits)
    ways: dict[str, tuple[str, Policy]] = {}
    if best is not None:
        fixed = best[0]
        ways["window"] = (f"the plan: loaded from {fixed.prewarm_s:g} to {fixed.keep_s:g} s", lambda gap, now: fixed)
    ways["ten minutes"] = ("kept for ten minutes", lambda gap, now: USUAL)
    ways["hybrid"] = ("hybrid histogram of all idle times, 5 % to 99 %", _hybrid())
    ways["LSTH"] = (f"{SHARE:g} of a day's histogram and {1 - SHARE:g} of an hour's, 5 % to 99 %", _lsth())
    ways["chosen anew"] = ("the best window for the day before, every hour", _Anew(data, weights, problem.limits))
    return ways


def _hybrid() -> Policy:
    every = Histogram(math.inf)

    def policy(gap: float, now: float) -> KeepAliveWindow:
        every.add(gap, now)
        return every.window() if every.seen >= LEAST else USUAL

    return policy


def _lsth(share: float = SHARE) -> Policy:
    """Long short-term histograms: windows of both, weighed; the long one's alone while the short one has too few."""
    long, short = Histogram(DAY_S), Histogram(HOUR_S)

    def policy(gap: float, now: float) -> KeepAliveWindow:
        long.add(gap, now)
        short.add(gap, now)
        if long.seen < LEAST:
            return USUAL
        far = long.window()
        near = short.window() if short.seen >= LEAST else far
        return KeepAliveWindow(
            share * far.prewarm_s + (1 - share) * near.prewarm_s, share * far.keep_s + (1 - share) * near.keep_s
        )

    return policy


class _Anew:
    """The best window for the idle times of the last day, once an hour."""

    def __init__(self, data: Idle, weights: Mapping[str, float], limits: Mapping[str, float]) -> None:
        self.data, self.weights, self.limits = data, weights, limits
        self.seen: deque[tuple[float, float]] = deque()
        self.window, self.due = USUAL, 0.0

    def __call__(self, gap: float, now: float) -> KeepAliveWindow:
        self.seen.append((now, gap))
        while self.seen[0][0] < now - DAY_S:
            self.seen.popleft()
        if now >= self.due and len(self.seen) >= LEAST:
            self.due = now + HOUR_S
            step = max(self.data.resolution_s, 1.0)
            rounded = np.ceil(np.array([own for _, own in self.seen]) / step) * step
            times, counts = np.unique(rounded, return_counts=True)
            like = Idle(
                times,
                counts / counts.sum(),
                step,
                self.data.usd_per_idle_s,
                self.data.usd_per_cold_start,
                self.data.rate,
            )
            best = best_window(like, self.weights, self.limits)
            self.window = USUAL if best is None else best[0]
        return self.window
