"""Two answers side by side: what was asked, decided and achieved differently."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from serflow_opt.errors import InputError, Problem
from serflow_opt.ground.display import Displayed
from serflow_opt.ground.tolerances import EQUAL

if TYPE_CHECKING:
    import pandas as pd

ASIDE = frozenset({"seconds", "certificate", "exact", "payoff", "versions"})
"""How an answer was found, not what it says."""
NAMED_BY = ("stage", "name", "part", "first", "before_stage", "option")
"""What tells a row of a list from the others."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One place of two documents.

    Attributes
    ----------
    place
        Path of keys, with rows of lists by stage or name: `plan.placement[3].option`.
    first, second
        What stands there; None: nothing.
    """

    place: str
    first: Any
    second: Any

    @property
    def change(self) -> float | None:
        """Relative change from the first to the second; None where these are no numbers, or the first is 0."""
        both = self.first, self.second
        if any(isinstance(x, bool) or not isinstance(x, int | float) for x in both) or not self.first:
            return None
        return float((self.second - self.first) / abs(self.first))


@dataclass(frozen=True, slots=True)
class Differences(Displayed):
    """All places where two documents differ, in the order of the first.

    Attributes
    ----------
    first, second
        What the two are called.
    rows
        The places.
    """

    first: str
    second: str
    rows: tuple[Difference, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON document."""
        rows = [{"place": r.place, "first": r.first, "second": r.second, "change": r.change} for r in self.rows]
        return {"first": self.first, "second": self.second, "differences": rows}

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Self:
        """Return what a document is of.

        Raises
        ------
        InputError
            For a document of something else.
        """
        try:
            rows = tuple(Difference(r["place"], r["first"], r["second"]) for r in document["differences"])
            return cls(document["first"], document["second"], rows)
        except (KeyError, TypeError):
            cure = "give what `diff --json` printed"
            raise InputError([Problem("", "", "no document of differences", cure)]) from None

    def to_frame(self) -> pd.DataFrame:
        """Return the places as a table."""
        import pandas as pd

        return pd.DataFrame(self.to_dict()["differences"], columns=["place", "first", "second", "change"])


def differences(
    first: Mapping[str, Any], second: Mapping[str, Any], names: tuple[str, str] = ("first", "second")
) -> Differences:
    """Compare two documents: plans, deployments, schedules, fronts, of any kind.

    How they were found (seconds, certificate, pay-offs) is left aside; numbers that agree to 1e-9 are the same.

    Parameters
    ----------
    first, second
        As `to_dict` gives them.
    names
        What to call them.

    Returns
    -------
    Differences
        Places that only one has are among them, with None for the other.
    """
    ours, theirs = dict(_leaves(first)), dict(_leaves(second))
    places = dict.fromkeys([*ours, *theirs])
    rows = (Difference(place, ours.get(place), theirs.get(place)) for place in places)
    return Differences(*names, tuple(row for row in rows if not _same(row.first, row.second)))


def compared_files(first: Path, second: Path) -> Differences:
    """Read two files of answers and compare them.

    Parameters
    ----------
    first, second
        JSON documents, as `--out` writes them.

    Raises
    ------
    InputError
        Where one cannot be read, or is of something else.
    """
    from serflow_opt.ground.answers import read_answer

    read, problems = [], list[Problem]()
    for path in (first, second):
        try:
            read.append(read_answer(path))
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    one, other = read
    return differences(one, other, (str(first), str(second)))


def _same(one: Any, other: Any) -> bool:
    numbers = all(isinstance(x, int | float) and not isinstance(x, bool) for x in (one, other))
    return math.isclose(one, other, rel_tol=EQUAL) if numbers else one == other


def _leaves(value: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every place with what stands there."""
    if isinstance(value, Mapping):
        for key, below in value.items():
            if place or key not in ASIDE:
                yield from _leaves(below, f"{place}.{key}" if place else str(key))
    elif isinstance(value, list):
        names = [_name(row, n) for n, row in enumerate(value, 1)]
        once = len(set(names)) == len(names)
        for n, (name, row) in enumerate(zip(names, value, strict=True), 1):
            yield from _leaves(row, f"{place}[{name if once else n}]")
    else:
        yield place, value


def _name(row: Any, number: int) -> str:
    if isinstance(row, Mapping):
        return next((str(row[key]) for key in NAMED_BY if key in row), str(number))
    return str(number)
