"""What was written down to go on from, read back key by key: whatever is damaged is named."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from serflow_opt.errors import InputError, Problem

LARGEST = 2.0**53
"""No number in a state is beyond it: whole numbers are exact up to here."""
CURE = "restore a state as `state` returned it"


def damaged(key: str, value: object, wanted: str) -> InputError:
    """Return the error for a value that cannot have been saved."""
    return InputError([Problem("state", key, repr(value)[:60], f"it was {wanted}: {CURE}")])


def mapping(value: object, key: str = "") -> Mapping[str, Any]:
    """Return a value that has to be a mapping."""
    if not isinstance(value, Mapping):
        raise damaged(key, value, "a mapping")
    return value


def entry(state: Mapping[str, Any], key: str, place: str = "") -> Any:
    """Return the value of a key that has to be there; `place` leads to the mapping."""
    try:
        return state[key]
    except KeyError:
        raise InputError([Problem("state", f"{place}{key}", "missing", CURE)]) from None


def number(
    state: Mapping[str, Any], key: str, place: str = "", *, low: float = -LARGEST, high: float = LARGEST
) -> float:
    """Return the number of a key."""
    return _number(entry(state, key, place), f"{place}{key}", low, high)


def whole(state: Mapping[str, Any], key: str, place: str = "", *, low: float = -LARGEST) -> int:
    """Return the whole number of a key."""
    value = number(state, key, place, low=low)
    if value != int(value):
        raise damaged(f"{place}{key}", value, "a whole number")
    return int(value)


def numbers(
    state: Mapping[str, Any], key: str, place: str = "", *, low: float = -LARGEST, high: float = LARGEST
) -> list[float]:
    """Return the numbers of a key, NaN for None."""
    values = entry(state, key, place)
    if not isinstance(values, (list, tuple)):
        raise damaged(f"{place}{key}", values, "a list of numbers")
    return [math.nan if x is None else _number(x, f"{place}{key}[{i}]", low, high) for i, x in enumerate(values)]


def _number(value: object, place: str, low: float, high: float) -> float:
    real = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not (real and low <= value <= high):  # type: ignore[operator]  # NaN is not, either
        raise damaged(place, value, f"a number from {low:g} to {high:g}" if low > -LARGEST else "a number")
    return float(value)  # type: ignore[arg-type]
