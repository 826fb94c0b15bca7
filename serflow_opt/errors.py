"""What is wrong with the user's input, said in a way that can be acted on."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong: where it stands, what was found there, and what would be right."""

    file: str
    place: str
    found: str
    cure: str

    def __str__(self) -> str:
        where = ": ".join(part for part in (self.file, self.place) if part)
        return f"{where}: {self.found}; {self.cure}" if self.cure else f"{where}: {self.found}"


class InputError(ValueError):
    """Everything wrong with an input, at once.

    Attributes
    ----------
    problems
        One `Problem` for each fault, in the order of the files.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))

    def __reduce__(self) -> tuple[type[InputError], tuple[tuple[Problem, ...]]]:
        """Keep the problems on the way between processes."""
        return type(self), (self.problems,)


class OutOfReach(InputError):
    """Targets that are proven to be out of reach: the input is fine, the answer is no."""


def nearest(word: str, known: Sequence[str]) -> str:
    """Say which known words come closest to a mistyped one, or list them all when none is close."""
    close = difflib.get_close_matches(word, known, n=3, cutoff=0.6)
    if close:
        return "did you mean " + " or ".join(close) + "?"
    shown = ", ".join(known[:12]) + (", ..." if len(known) > 12 else "")
    return f"known: {shown}" if known else "none are known here"


def first_line(error: BaseException) -> str:
    """Return what an exception of foreign code says, or its kind when it says nothing."""
    words = re.sub(r"\x1b\[[0-9;]*m", "", str(error)).strip() or type(error).__name__
    return words.splitlines()[0][:200]
