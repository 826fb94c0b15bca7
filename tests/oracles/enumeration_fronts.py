"""Which plans of a front are beaten, and which decisions it misses, by the worths of all decisions."""

from __future__ import annotations

from collections.abc import Sequence

from oracles.enumeration import objective
from oracles.enumeration_valuation import Worth

NEAR = 1e-6
"""Points of a front are told apart when they differ by more than this, relative."""


def front_apart(found: Sequence[Worth], kept: Sequence[Worth], names: Sequence[str]) -> str:
    """What is wrong with a front, given what all decisions within the limits achieve."""
    plans = [[objective(worth, name) for name in names] for worth in found]
    points = sorted({tuple(objective(worth, name) for name in names) for worth in kept})
    missing = [point for point in points if not any(not_worse(plan, point) for plan in plans)]
    beaten = [(plan, point) for plan in plans for point in points if beats(point, plan)]
    words = [f"misses {missing[0]}"] if missing else []
    return "; ".join(words + [f"{plan} is beaten by {point}" for plan, point in beaten[:1]])


def not_worse(one: Sequence[float], other: Sequence[float]) -> bool:
    """Whether a point is as good as another in every objective, or so near that they are one."""
    return all(a <= b + NEAR * abs(b) for a, b in zip(one, other, strict=True))


def beats(one: Sequence[float], other: Sequence[float]) -> bool:
    """Whether a point is nowhere worse than another, and somewhere better by more than points are told apart."""
    pairs = list(zip(one, other, strict=True))
    return all(a <= b for a, b in pairs) and any(a < b - NEAR * max(abs(a), abs(b)) for a, b in pairs)
