"""A figure that a paper prints, and what was found in its place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from serflow_opt.ground.tolerances import ROUNDING

Verdict = Literal["confirmed", "refuted", "not reproducible", "not computed"]


class NotComputedError(Exception):
    """A claim could be recomputed, and was not: what it takes was stopped before it was proven."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A figure, or a word, that somebody published.

    Attributes
    ----------
    key
        Paper and figure in a word: `--only` looks for it.
    source
        Paper, with the place in it.
    what
        What is claimed.
    printed
        The figure, in `unit`, or the word.
    find
        Recomputes it, or raises `NotComputedError` with why not; None: the data for that are not to be had, as
        `missing` says.
    within
        How far the figure may be off, in its unit: half of the last digit that is printed, unless `note` says
        otherwise.
    missing
        What is not published, so that being off refutes nothing; empty: all that it takes is.
    note
        What to know beside it.
    seconds
        About how long it takes; the quick ones come first.
    """

    key: str
    source: str
    what: str
    printed: float | str
    find: Callable[[], float | str] | None
    within: float = 0.0
    unit: str = ""
    missing: str = ""
    note: str = ""
    seconds: float = 0.1

    def judged(self, found: float | str | None) -> Verdict:
        """Return what a found figure makes of the claim."""
        if found is None:
            return "not reproducible"
        if isinstance(found, str) or isinstance(self.printed, str):
            same = found == self.printed
        else:
            same = abs(found - self.printed) <= self.within * (1 + ROUNDING)
        return "confirmed" if same else "not reproducible" if self.missing else "refuted"
