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
    """Return the error for a value that cannot have been saved.

    Parameters
    ----------
    key
        Where the value stands in the state.
    value
        As it was read.
    wanted
        What was written there, in words: "a list".
    """
    return InputError([Problem("state", key, repr(value)[:60], f"it was {wanted}: {CURE}")])


def mapping(value: object, key: str = "") -> Mapping[str, Any]:
    """Return a value that has to be a mapping."""
    if not isinstance(value, Mapping):
        raise damaged(key, value, "a mapping")
    return value


def entry(state: Mapping[str, Any], key: str, place: str = "") -> Any:
    """Return the value of a key that has to be there.

    Parameters
    ----------
    state
        The mapping that has it.
    key
        In the mapping.
    place
        What leads to the mapping, as `blocks[0].`; empty: it is the whole state.

    Raises
    ------
    InputError
        When the key is missing.
    """
    try:
        return state[key]
    except KeyError:
        raise InputError([Problem("state", f"{place}{key}", "missing", CURE)]) from None


def number(
    state: Mapping[str, Any], key: str, place: str = "", *, low: float = -LARGEST, high: float = LARGEST
) -> float:
    """Return the number of a key.

    Parameters
    ----------
    state, key, place
        As of `entry`.
    low, high
        Least and most it can be.

    Raises
    ------
    InputError
        When it is missing, no number, or outside.
    """
    return _number(entry(state, key, place), f"{place}{key}", low, high)


def whole(state: Mapping[str, Any], key: str, place: str = "", *, low: float = -LARGEST) -> int:
    """Return the whole number of a key.

    Parameters
    ----------
    state, key, place
        As of `entry`.
    low
        Least it can be.

    Raises
    ------
    InputError
        When it is missing, no whole number, or less.
    """
    value = number(state, key, place, low=low)
    if value != int(value):
        raise damaged(f"{place}{key}", value, "a whole number")
    return int(value)


def numbers(
    state: Mapping[str, Any], key: str, place: str = "", *, low: float = -LARGEST, high: float = LARGEST
) -> list[float]:
    """Return the numbers of a key, NaN for None.

    Parameters
    ----------
    state, key, place
        As of `entry`.
    low, high
        Least and most each can be.

    Raises
    ------
    InputError
        When they are missing, no list, or one is no number or outside.
    """
    values = entry(state, key, place)
    if not isinstance(values, (list, tuple)):
        raise damaged(f"{place}{key}", values, "a list of numbers")
    return [math.nan if x is None else _number(x, f"{place}{key}[{i}]", low, high) for i, x in enumerate(values)]


def _number(value: object, place: str, low: float, high: float) -> float:
    real = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not (real and low <= value <= high):  # type: ignore[operator]  # NaN is not, either
        raise damaged(place, value, f"a number from {low:g} to {high:g}" if low > -LARGEST else "a number")
    return float(value)  # type: ignore[arg-type]
