"""How far a value is from its bound."""

from __future__ import annotations


def relative_gap(value: float, bound: float) -> float:
    """Return how far what nothing is below is below a value, as a share of it; of 0 there is no share.

    0 where it is not below; where the value is 0, the distance itself.
    """
    return 0.0 if value <= bound else (value - bound) / (abs(value) or 1.0)
