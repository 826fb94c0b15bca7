"""What machines over time cost at least, step by step over every number of each offer that may serve."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product


def least(
    up: Sequence[Sequence[bool]],
    need: Sequence[int],
    prices: Sequence[float],
    boots: Sequence[int],
    most: Sequence[int],
) -> float:
    """Return the least that enough machines in every step cost; inf: there are not enough.

    Parameters
    ----------
    up, need
        Whether each offer can be had, and how many machines are enough, by step.
    prices, boots, most
        By offer: of a machine a step, steps that it is paid before it serves (not in the first step), and how many.
    """
    known = {}
    for t, asked in enumerate(need):
        now = {}
        for counts in product(*(range(n + 1 if up[t][j] else 1) for j, n in enumerate(most))):
            if sum(counts) < asked:
                continue
            rent = sum(n * price for n, price in zip(counts, prices, strict=True))
            if t == 0:
                now[counts] = rent
                continue
            best = math.inf
            for before, usd in known.items():
                for j, (a, b) in enumerate(zip(before, counts, strict=True)):
                    if b > a and not all(up[s][j] for s in range(max(t - boots[j], 0), t)):
                        break
                    usd += max(b - a, 0) * boots[j] * prices[j]
                else:
                    best = min(best, usd)
            if best < math.inf:
                now[counts] = best + rent
        known = now
    return min(known.values(), default=math.inf)
