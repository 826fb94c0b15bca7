"""Claims with what was found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, Self, get_args

from serflow_opt.claims.claim import Verdict
from serflow_opt.errors import InputError, Problem
from serflow_opt.ground.display import Displayed

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Judged:
    """A claim, what was found, and how long that took.

    Attributes
    ----------
    found
        In the unit of the printed figure; None: nothing could be computed.
    verdict
        confirmed: within what is printed; refuted: not, although all that it takes is published; not reproducible: the
        claim leaves something out, as `why` says; not computed: it was stopped, as `why` says.
    why
        What is missing, and what to know beside it.
    seconds
        How long it took.
    """

    key: str
    source: str
    what: str
    printed: float | str
    found: float | str | None
    unit: str
    verdict: Verdict
    why: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Reproduction(Displayed):
    """Published figures beside recomputed ones.

    Attributes
    ----------
    rows
        The claims, in the order in which they were tried.
    """

    rows: tuple[Judged, ...]

    @property
    def verdicts(self) -> dict[str, int]:
        """How many claims came to each verdict; not computed only where there are some."""
        counted = Counter(row.verdict for row in self.rows)
        return {name: counted[name] for name in get_args(Verdict) if counted[name] or name != "not computed"}

    def _said(self) -> str:
        return ", ".join(f"{count} {name}" for name, count in self.verdicts.items())

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON document."""
        return {"verdicts": self.verdicts, "claims": [asdict(row) for row in self.rows]}

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Self:
        """Return what a document is of.

        Raises
        ------
        InputError
            For a document of something else.
        """
        try:
            names = [own.name for own in fields(Judged)]
            return cls(tuple(Judged(**{name: row[name] for name in names}) for row in document["claims"]))
        except (KeyError, TypeError):
            cure = "give what `reproduce --json` printed"
            raise InputError([Problem("", "", "no document of reproduced figures", cure)]) from None

    def to_frame(self) -> pd.DataFrame:
        """Return a row a claim."""
        import pandas as pd

        return pd.DataFrame([asdict(row) for row in self.rows], columns=[own.name for own in fields(Judged)])
