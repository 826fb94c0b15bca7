"""The witness: what a plan of groups costs and promises, from the definition; shares no code with model and search.

A batch begins with a request of application i with probability r_i / r and leaves after W, the least of T_i and
A_j + T_j over all j, where A_j, exponential with rate r_j, is when the first request of j comes. Given that W = w,
those that came by then are Poisson with mean Σ_j r_j min(w, T_j); and one more where it is the timer of a later request
that ended. So with G(w) = Π_j e^{-r_j (w - T_j)^+} and M(w) = Σ_j r_j min(w, T_j)

    P(N = 1 + n) = Σ_i r_i/r ( G(T_i) π_n(M(T_i)) + ∫_0^{T_i} Σ_{j: T_j < w} r_j G(w) π_{n-1}(M(w)) dw ),

π_n the Poisson probability. The integrals are taken by Gauss and Legendre between the timers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from serflow_opt.families.batching.problem import Batching, FunctionKind, Group, Plan
from serflow_opt.families.protocol import Valued
from serflow_opt.ground.tolerances import TOLERANCE
from serflow_opt.plan.document import Breach

NODES, WEIGHTS = np.polynomial.legendre.leggauss(24)
PANEL = 4.0
"""Requests that come in a panel of the integrals, on average, at most."""
SPREAD = 12.0
"""Standard deviations of a Poisson count beyond which nothing is left in double precision."""


@dataclass(frozen=True, slots=True)
class BatchedGroupValue:
    """What a group costs and promises.

    Attributes
    ----------
    cost
        USD a request.
    rate
        Requests a second.
    mean_batch, full
        Requests in a batch on average, and the share of batches that are full.
    calls
        Calls that run at once, on average.
    longest_s
        Longest time of a call.
    promised_s
        Of each application: timer and longest call; a batch of one does not wait.
    """

    cost: float
    rate: float
    mean_batch: float
    full: float
    calls: float
    longest_s: float
    promised_s: tuple[float, ...]


def value(problem: Batching, plan: Plan) -> Valued:
    """Value a plan: cost, the least promise offered that it keeps, groups, calls at once; and what it breaks.

    Parameters
    ----------
    problem
        The problem.
    plan
        Groups, each application in one of them.
    """
    breaches: list[Breach] = []
    cost = calls = latency = 0.0
    placed = [w for group in plan for w in group.applications]
    for w, app in enumerate(problem.applications):
        if placed.count(w) != 1:
            breaches.append(Breach(limit=f"groups of {app.name}", value=placed.count(w), bound=1.0, excess=1.0))
    for group in plan:
        own = value_group(problem, group)
        cost += own.cost * own.rate
        calls += own.calls
        for w, promised in zip(group.applications, own.promised_s, strict=True):
            app = problem.applications[w]
            latency = max(latency, promised / app.slo_s)
            _hold(breaches, f"slo_ms of {app.name}", promised * 1000, app.slo_s * 1000)
        if problem.arrivals == "smooth":
            size = problem.functions[group.function].batches[group.batch]
            name = problem.applications[group.applications[0]].name
            _hold(breaches, f"batch of the group of {name}", size - 1, own.rate * mean_window(problem, group))
    values = {
        "cost": cost / problem.rate,
        "cost_per_hour": cost * 3600,
        "latency": next((own for own in problem.promises if latency <= own * (1 + TOLERANCE)), latency),
        "functions": float(len(plan)),
        "calls": calls,
    }
    return Valued(values, tuple(breaches))


def _hold(breaches: list[Breach], limit: str, found: float, most: float) -> None:
    excess = (found - most) / (most or 1.0)
    if excess > TOLERANCE:
        breaches.append(Breach(limit=limit, value=found, bound=most, excess=excess))


def value_group(problem: Batching, group: Group) -> BatchedGroupValue:
    """Value a group.

    Parameters
    ----------
    problem
        The problem.
    group
        A group of its applications.
    """
    own = problem.functions[group.function]
    most = own.batches[group.batch]
    share = chances(problem, group, most)
    rate = math.fsum(problem.applications[w].rate for w in group.applications)
    mean = math.fsum(n * p for n, p in enumerate(share, 1))
    spent = time = 0.0
    for n, p in enumerate(share, 1):
        runs_as = next(b for b, size in enumerate(own.batches) if size >= n)
        spent += p * _call(own, group, runs_as)
        time += p * float(own.mean_s[group.size, runs_as])
    longest = max(float(t) for t in own.longest_s[group.size, : group.batch + 1])
    promised = tuple((timer if most > 1 else 0.0) + longest for timer in group.timers_s)
    return BatchedGroupValue(spent / mean, rate, mean, share[-1], rate * time / mean, longest, promised)


def _call(own: FunctionKind, group: Group, runs_as: int) -> float:
    """USD of a call that runs as a batch of some size on what is rented for the largest."""
    return float(own.usd_per_s[group.size, group.batch] * own.billed_s[group.size, runs_as]) + own.usd_per_call


def chances(problem: Batching, group: Group, most: int) -> list[float]:
    """Return the probability of 1 .. most requests in a batch of at most so many.

    Parameters
    ----------
    problem, group
        A group of its applications.
    most
        The largest batch.
    """
    if problem.arrivals == "smooth":
        return [0.0] * (most - 1) + [1.0]
    pairs = sorted((t, problem.applications[w].rate) for t, w in zip(group.timers_s, group.applications, strict=True))
    rate = math.fsum(r for _, r in pairs)
    chance = np.zeros(most + 1)  # by further requests; beyond most - 1 they count as most - 1
    for timer, own in pairs:
        ended = math.exp(-math.fsum(r * max(timer - t, 0.0) for t, r in pairs))
        mean = math.fsum(r * min(timer, t) for t, r in pairs)
        chance += own / rate * ended * _poisson(np.array([mean]), most + 1)[:, 0]
    ends = [0.0, *(t for t, _ in pairs)]
    latest = (most + SPREAD * math.sqrt(most) + SPREAD**2) / rate  # nothing below `most` comes of later ends
    for k in range(1, len(pairs)):
        low, high = ends[k], min(ends[k + 1], max(latest, ends[k]))
        later = math.fsum(r for t, r in pairs[k:]) / rate  # those that have not ended by then begin the batch
        for w, weight in _panels(low, high, rate):
            ended_by = np.exp(-sum(r * (w - t) for t, r in pairs[:k]))
            shorten = math.fsum(r for _, r in pairs[:k])
            mean_at = sum(r * np.minimum(w, t) for t, r in pairs)
            dense = _poisson(np.asarray(mean_at), most) * (later * shorten * ended_by * weight)
            chance[1:] += dense.sum(axis=1)
    within = [float(own) for own in chance[: most - 1]]
    return [*within, max(1.0 - math.fsum(within), 0.0)]


def mean_window(problem: Batching, group: Group) -> float:
    """Return the mean time from the first request of a batch until a timer ends, seconds.

    Parameters
    ----------
    problem, group
        A group of its applications.
    """
    pairs = sorted((t, problem.applications[w].rate) for t, w in zip(group.timers_s, group.applications, strict=True))
    rate = math.fsum(r for _, r in pairs)
    total = pairs[0][0]
    for k in range(1, len(pairs)):
        later = math.fsum(r for _, r in pairs[k:]) / rate
        for w, weight in _panels(pairs[k - 1][0], pairs[k][0], rate):
            total += later * float((np.exp(-sum(r * (w - t) for t, r in pairs[:k])) * weight).sum())
    return total


def _panels(low: float, high: float, rate: float) -> list[tuple[np.ndarray, np.ndarray]]:
    """Points and weights of a quadrature over an interval, in panels."""
    count = max(math.ceil((high - low) * rate / PANEL), 1)
    half = (high - low) / count / 2
    return [(low + half * (2 * k + 1 + NODES), half * WEIGHTS) for k in range(count)]


def _poisson(means: np.ndarray, count: int) -> np.ndarray:
    """Probabilities of 0 .. count - 1 by mean; one column a mean."""
    n = np.arange(count)[:, None]
    steps = np.array([math.lgamma(k + 1) for k in range(count)])[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.where(n > 0, n * np.log(means[None, :]), 0.0) - means[None, :] - steps
    chances: np.ndarray = np.exp(logs)
    return chances
