"""The seconds of a placement, and its latency by each measure.

`reach` is an array (M + 1, K): row s - 1 holds R_s of K choices of the thresholds; the last row is R_{M+1} = 0.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field

import numpy as np

from oracles.brute_placements import moves
from oracles.brute_problem import FEASIBLE, ROUNDING, Placement, Problem


@dataclass
class Clock:
    """Seconds on the whole path, one entry per stage: what happens before the stage, and the stage."""

    transfer: np.ndarray
    cold: np.ndarray  # whole cold start where an invocation begins at this stage, whatever the share
    cold_share: np.ndarray
    run: np.ndarray
    starts: list[bool] = field(default_factory=list)  # an invocation of a function begins at this stage

    def ends(self) -> np.ndarray:
        """C_s: end of each stage, with every cold start whole where its share is above 0."""
        return np.cumsum(self.transfer + np.where(self.cold_share > 0, self.cold, 0.0) + self.run)


def clock(problem: Problem, placement: Placement) -> Clock:
    """The seconds of a placement."""
    transfer, cold, share, run, starts = [], [], [], [], []
    for s, (spot, move) in enumerate(zip(placement, moves(problem, placement), strict=True)):
        option = problem.option(spot)
        link = None if move is None else problem.links.get(move)
        transfer.append(0.0 if link is None else link.seconds(problem.activation[s]))
        begins = option.kind == "function" and (s == 0 or placement[s - 1] != spot)
        starts.append(begins)
        cold.append(option.cold_s if begins else 0.0)
        share.append(option.cold_share if begins else 0.0)
        run.append(option.seconds[s])
    return Clock(np.array(transfer), np.array(cold), np.array(share), np.array(run), starts)


def percentile_of(measure: str) -> float | None:
    """0.95 for "p95"; None for worst and mean."""
    return float(measure[1:]) / 100.0 if measure.startswith("p") else None


def last_stage(problem: Problem, reach: np.ndarray) -> np.ndarray:
    """The last stage that somebody reaches, one per column of `reach`; the survey's formula pays for all stages."""
    if problem.accounting == "as-printed":
        return np.full(reach.shape[1], problem.stages)
    return np.count_nonzero(reach[:-1] > 0, axis=0)


def latency(measure: str, time: Clock, reach: np.ndarray, last: np.ndarray | None = None) -> np.ndarray:
    """Latency in seconds, one per column of `reach`; `last`: of `last_stage`, None: all stages are reached."""
    if measure == "worst":
        ends = time.ends()
        return np.full(reach.shape[1], ends[-1]) if last is None else ends[last - 1]
    if measure == "mean":
        return (time.transfer + time.cold_share * time.cold + time.run) @ reach[:-1]
    quantile = percentile_of(measure)
    assert quantile is not None
    return percentile(quantile, time.transfer + time.run, time.cold, time.cold_share, reach)


def percentile(q: float, warm: np.ndarray, cold: np.ndarray, share: np.ndarray, reach: np.ndarray) -> np.ndarray:
    """The least time within which a share q of the requests is done, one per column of `reach`.

    Each function's cold start is met by a share of the requests that come to it, whichever others they meet.
    """
    leave = reach[:-1] - reach[1:]
    kinds = starts(warm, cold, share)
    at = np.concatenate([done for _, done in kinds])
    shares = np.concatenate([leave * chance for chance, _ in kinds])
    order = np.argsort(at, kind="stable")
    later = shares[order].sum(axis=0) - np.cumsum(shares[order], axis=0)  # done after that
    return at[order][np.argmax(later <= 1.0 - q + ROUNDING, axis=0)]


def starts(warm: np.ndarray, cold: np.ndarray, share: np.ndarray) -> list[tuple[float, np.ndarray]]:
    """The kinds of requests by the cold starts they meet: their share, and when they are done with each stage."""
    coins = [s for s in range(len(cold)) if cold[s] > 0 and share[s] > 0]
    kinds = []
    for met in itertools.product((False, True), repeat=len(coins)):
        chance = math.prod(share[s] if yes else 1.0 - share[s] for s, yes in zip(coins, met, strict=True))
        extra = np.zeros(len(cold))
        extra[[s for s, yes in zip(coins, met, strict=True) if yes]] = 1.0
        if chance > 0:
            kinds.append((chance, np.cumsum(warm + cold * extra)))
    return kinds


def lateness(time: Clock, limit: float) -> np.ndarray:
    """Coefficients of R_1 .. R_M in the share of requests that are not done within a limit in seconds.

    Those that leave at stage s, R_s - R_{s+1}, are late if their kind is; who is late at a stage is so later on.
    """
    kinds = starts(time.transfer + time.run, time.cold, time.cold_share)
    late = sum(chance * (done > limit * (1.0 + FEASIBLE)) for chance, done in kinds)
    return np.diff(late, prepend=0.0)
