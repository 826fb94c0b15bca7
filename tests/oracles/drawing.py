"""What random instances are drawn with."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

Generator = np.random.Generator


def rounded(number: float, digits: int = 4) -> float:
    """A number to some digits, as people write them."""
    return float(f"{number:.{digits}g}")


def log_uniform(rng: Generator, low: float, high: float) -> float:
    """A number between two, each decade equally likely."""
    return rounded(math.exp(rng.uniform(math.log(low), math.log(high))))


def chance(rng: Generator, share: float) -> bool:
    """True in a share of the draws."""
    return bool(rng.random() < share)


def pick(rng: Generator, items: Any, weights: Any = None) -> Any:
    """One of some items."""
    return items[int(rng.choice(len(items), p=weights))]
