"""What callers pass: numbers of any kind are numbers, None and infinity are no limit, all else is an `InputError`."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from numbers import Integral, Real

from serflow_opt.errors import InputError, Problem, nearest


class Arguments:
    """Reads the arguments of one call, and tells all that is wrong with them at once.

    Use it in a `with` statement: at its end everything wrong is raised.
    """

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def __enter__(self) -> Arguments:
        """Begin."""
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Raise what was wrong."""
        if kind is None and self.problems:
            raise InputError(self.problems)

    @contextmanager
    def also(self) -> Iterator[None]:
        """Note what is wrong with something else, and go on: what comes after does not need it."""
        try:
            yield
        except InputError as error:
            self.problems += error.problems

    def wrong(self, name: str, value: object, cure: str) -> None:
        """Note an argument that does not fit.

        Parameters
        ----------
        name, value
            Of the argument, as it was given.
        cure
            What to give instead.
        """
        self.misfit(name, shown(value), cure)

    def misfit(self, name: str, found: str, cure: str) -> None:
        """Note what does not go together, in words.

        Parameters
        ----------
        name
            The argument to change.
        found, cure
            What is wrong with it, and what to give instead.
        """
        self.problems.append(Problem("", name, found, cure))

    def number(self, name: str, value: object, low: float = 0.0, *, above: bool = False) -> float:
        """Return a finite number, NaN where it is none or too small, which is noted.

        Parameters
        ----------
        name, value
            Of the argument, as it was given.
        low
            The smallest number that fits.
        above
            Whether `low` itself is too small.
        """
        number = as_number(value)
        if not (math.isfinite(number) and (number > low if above else number >= low)):
            self.wrong(name, value, f"write a number {'above' if above else 'of at least'} {low:g}")
            return math.nan
        return number

    def limit(self, name: str, value: object, low: float = 0.0) -> float | None:
        """Return a limit; None: none was set, by None or infinity, or it is too small, which is noted.

        Parameters
        ----------
        name, value
            Of the argument, as it was given.
        low
            The smallest limit that fits.
        """
        if value is None or as_number(value) == math.inf:
            return None
        number = as_number(value)
        if not number >= low:
            self.wrong(name, value, f"write a number of at least {low:g}; None: no limit")
            return None
        return number

    def whole(self, name: str, value: object, low: int = 0) -> int:
        """Return a whole number, `low` where it is none or too small, which is noted.

        Parameters
        ----------
        name, value
            Of the argument, as it was given.
        low
            The smallest number that fits.
        """
        number = as_number(value)
        if not (math.isfinite(number) and number == int(number) and number >= low):
            self.wrong(name, value, f"write a whole number of at least {low}")
            return low
        return int(number)

    def one_of(self, name: str, value: object, known: Sequence[str]) -> None:
        """Note a word that is none of those known.

        Parameters
        ----------
        name, value
            Of the argument, as it was given.
        known
            All words that fit.
        """
        if value not in known:
            self.wrong(name, value, nearest(value, known) if isinstance(value, str) else f"use {', '.join(known)}")


def as_number(value: object) -> float:
    """Return a number, of Python or NumPy, as a float; NaN for all else: also for truth values and text."""
    if isinstance(value, bool) or not isinstance(value, Real):
        item = getattr(value, "item", None)  # NumPy's own, and arrays of one
        if item is None or getattr(value, "shape", None) != ():
            return math.nan
        value = item()
        if isinstance(value, bool) or not isinstance(value, Real):
            return math.nan
    try:
        return float(value)
    except OverflowError:
        return math.nan


def shown(value: object) -> str:
    """Return a value as a message shows it: numbers plainly, whatever their kind, and nothing at length."""
    if isinstance(value, Real) and not isinstance(value, bool):
        return str(int(value)) if isinstance(value, Integral) else repr(float(value))
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
