"""Brute force for batching: every partition, size, batch and timers on a grid; and every request, one by one.

How full batches get is taken from the forward equations of the time that is left, not from the integrals of the
package: with d left, g(d, n) is the chance of n further requests,

    g'(d, n) = -r g(d, n) + Σ_{j: T_j >= d} r_j g(d, n - 1) + Σ_{j: T_j < d} r_j g(T_j, n - 1).
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

STEPS = 24
"""Of Runge and Kutta between two timers."""


@dataclass(frozen=True)
class Config:
    """A function of some size and largest batch: USD and seconds of a call with 1, 2, .. requests."""

    usd: tuple[float, ...]
    mean_s: tuple[float, ...]
    longest_s: float


def law(timers: Sequence[float], rates: Sequence[float], most: int) -> np.ndarray:
    """The chance of 1 .. `most` requests in a batch."""
    rate, ends = sum(rates), sorted(set(timers))
    value = np.zeros(most)  # by further requests; what is beyond is not needed
    value[0] = 1.0
    at: dict[float, np.ndarray] = {}
    low = 0.0
    for end in ends:
        ended = [(r, at[t]) for t, r in zip(timers, rates, strict=True) if t <= low and t in at]
        jump = sum((r * own for r, own in ended), np.zeros(most))
        stay = rate - sum(r for r, _ in ended)
        given = np.concatenate([[0.0], jump[:-1]])

        def slope(own: np.ndarray, stay: float = stay, given: np.ndarray = given) -> np.ndarray:
            return -rate * own + stay * np.concatenate([[0.0], own[:-1]]) + given

        if end > low:
            h = (end - low) / STEPS
            for _ in range(STEPS):
                a = slope(value)
                b = slope(value + h / 2 * a)
                c = slope(value + h / 2 * b)
                value = value + h / 6 * (a + 2 * b + 2 * c + slope(value + h * c))
        at[end], low = value.copy(), end
    share = sum((r / rate * at[t] for t, r in zip(timers, rates, strict=True)), np.zeros(most))
    share[-1] = max(1 - share[:-1].sum(), 0.0)
    return share


def cost(config: Config, timers: Sequence[float], rates: Sequence[float]) -> float:
    """USD a request, by renewal and reward."""
    share = law(timers, rates, len(config.usd))
    return float(share @ np.array(config.usd) / (share @ np.arange(1, len(share) + 1)))


def equivalent(timers: Sequence[float], rates: Sequence[float]) -> float:
    """The mean window by HarmonyBatch, equation of two applications, one after the other."""
    pairs = sorted(zip(timers, rates, strict=True))
    window, rate = pairs[0]
    for timer, own in pairs[1:]:
        window += own / (rate + own) * -math.expm1(-rate * (timer - window)) / rate
        rate += own
    return window


def partitions(items: Sequence[int]) -> Iterator[list[list[int]]]:
    """Every partition."""
    if not items:
        yield []
        return
    first, rest = items[0], items[1:]
    for size in range(len(rest) + 1):
        for others in itertools.combinations(rest, size):
            left = [own for own in rest if own not in others]
            for more in partitions(left):
                yield [[first, *others], *more]


def contiguous(groups: list[list[int]]) -> bool:
    """Whether all groups are neighbours."""
    return all(group == list(range(group[0], group[-1] + 1)) for group in groups)


def cheapest(
    group: Sequence[int], targets: Sequence[float], rates: Sequence[float], configs: Sequence[Config], grid: int
) -> float:
    """The least USD a request of a group, over configurations and timers in so many steps of what targets leave."""
    own = [rates[w] for w in group]
    best = math.inf
    for config in configs:
        room = [targets[w] - config.longest_s for w in group]
        if min(room) < 0:
            continue
        if len(config.usd) == 1:
            best = min(best, config.usd[0])
            continue
        for part in itertools.product(range(grid + 1), repeat=len(group)):
            best = min(best, cost(config, [r * n / grid for r, n in zip(room, part, strict=True)], own))
    return best


def simulate(
    config: Config, timers: Sequence[float], rates: Sequence[float], requests: int, seed: int
) -> tuple[float, float, list[float]]:
    """USD a request, requests a batch, and the longest wait of each application, request by request."""
    draw, rate = random.Random(seed), sum(rates)
    now = spent = 0.0
    batches, waiting, ends = 0, [], math.inf
    longest = [0.0] * len(rates)

    def leave(at: float) -> None:
        nonlocal spent, batches, ends
        spent += config.usd[len(waiting) - 1]
        batches += 1
        for came, who in waiting:
            longest[who] = max(longest[who], at - came)
        waiting.clear()
        ends = math.inf

    for _ in range(requests):
        now += draw.expovariate(rate)
        if now > ends:
            leave(ends)
        who = draw.choices(range(len(rates)), rates)[0]
        waiting.append((now, who))
        ends = min(ends, now + timers[who])
        if len(waiting) == len(config.usd):
            leave(now)
    if waiting:
        leave(ends)
    return spent / requests, requests / batches, longest
