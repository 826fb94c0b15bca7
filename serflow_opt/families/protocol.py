"""What a family of problems brings, so that every verb works on it.

Values stand in a quantity's own unit wherever they are computed, and in the unit shown in files and answers. Where
quantities are compared, less is better: those that are maximised are negated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    from serflow_opt.backend.highs import Outcome
    from serflow_opt.errors import Problem
    from serflow_opt.families.found import Found
    from serflow_opt.plan.document import Breach
    from serflow_opt.search.outcome import SearchSettings

Goal = Mapping[str, float]
"""Coefficients of quantities, less is better; one alone as it is."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """Something that decisions achieve, that can be optimised and limited.

    Attributes
    ----------
    name
        What files, flags and answers call it.
    label
        What people call it; empty: the name.
    unit
        Its unit where it is computed.
    sense
        Whether less (min) or more (max) is better.
    shown, shown_unit
        What it is multiplied by in files and answers, and its unit there; empty: the same unit.
    limit
        The key of its limit in files; empty: the name with _max, or _min where more is better.
    """

    name: str
    label: str = ""
    unit: str = ""
    sense: Literal["min", "max"] = "min"
    shown: float = 1.0
    shown_unit: str = ""
    limit: str = ""

    @property
    def key(self) -> str:
        """The key of its limit."""
        return self.limit or f"{self.name}_{'max' if self.sense == 'min' else 'min'}"

    @property
    def word(self) -> str:
        """What people call it."""
        return self.label or self.name

    @property
    def unit_shown(self) -> str:
        """Its unit in files and answers."""
        return self.shown_unit or self.unit

    def less(self, value: float) -> float:
        """Return a value as a number of which less is better; and back again."""
        return value if self.sense == "min" else -value


@dataclass(frozen=True, slots=True)
class Valued:
    """What a decision achieves, by the family's witness.

    Attributes
    ----------
    values
        By quantity, in its own unit.
    breaches
        What it breaks: limits, and what else has to hold.
    """

    values: Mapping[str, float]
    breaches: tuple[Breach, ...] = ()

    @property
    def violation(self) -> float:
        """Largest relative breach, 0 when everything holds."""
        return max((breach.excess for breach in self.breaches), default=0.0)


@dataclass(frozen=True, slots=True)
class Other:
    """What a simpler or a published way of deciding comes to.

    Attributes
    ----------
    name, words
        What it is called, and how it decides.
    values
        By quantity, in its own unit, by the family's witness; None: what it comes to was not proven in the time.
    """

    name: str
    words: str
    values: Mapping[str, float] | None


@dataclass(frozen=True, slots=True)
class Built:
    """A model of a problem, and how to read it.

    Attributes
    ----------
    model
        A linear Pyomo model whose objective is the goal.
    unit
        Times the model's objective is in the quantities' own units.
    told
        The binaries that tell a decision from all others; None: all there are.
    whole
        Whether they tell it whole. Where continuous choices remain, cutting one decision off cuts its neighbours off,
        too, and no bound comes of what is left.
    further
        Whatever reading a decision takes.
    scope
        What a proof by the model is of, where that is narrower than the question; empty: of what is asked.
    """

    model: Any
    unit: float = 1.0
    told: Sequence[Any] | None = None
    whole: bool = True
    further: Any = None
    scope: str = ""


class Family(Protocol):
    """A family of problems. `standard.Standard` has all but the mathematics.

    Attributes
    ----------
    kind
        What instance files call it.
    words
        What it decides, in a line.
    quantities
        What its decisions achieve. The first is optimised where nothing is said.
    shared
        The quantity that adds up over several problems and that a budget can be set on: USD an hour, or USD; empty:
        none.
    counted
        Quantities in whole numbers that add up over several problems at once, as functions.
    own
        Verbs that the family answers in a way of its own: `package.module:function`. All others come from the protocol.
    """

    kind: str
    words: str
    quantities: Sequence[Quantity]
    shared: str
    counted: Sequence[str]
    own: Mapping[str, str]

    def resolve(
        self, raw: Mapping[str, Any], path: Path, catalogs: Sequence[str | Path], problems: list[Problem]
    ) -> Any:
        """Return the problem that a parsed file is, or add to what is wrong with it.

        Parameters
        ----------
        raw
            The tables of the file as they were parsed.
        path
            The file: messages name it, and paths in it start from its folder.
        catalogs
            Price files that add to or override the catalogue, applied after those the file names.
        problems
            Faults are appended here, all that there are; what is returned does not matter then.
        """

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of its instance files."""

    def changed(self, problem: Any, changes: Mapping[str, Any]) -> Any:
        """Return a copy with other limits or another goal, by the keys of files and the options of commands."""

    def optimised(self, problem: Any) -> str:
        """Return the quantity that is asked for."""

    def ceilings(self, problem: Any) -> dict[str, float]:
        """Return the limits that are set, by quantity, less is better."""

    def held(self, problem: Any, ceilings: Mapping[str, float | None]) -> Any:
        """Return a copy with other limits, less is better; None: without one."""

    def evaluate(self, problem: Any, decision: Any) -> Valued:
        """Value a decision exactly; shares no code with `build`."""

    def build(self, problem: Any, goal: Goal) -> Built:
        """Return a model whose solutions keep what has to hold, limits included. None there: raises `NoModel`."""

    def decode(self, problem: Any, built: Built, outcome: Outcome) -> Any:
        """Return the decision in a solution; `outcome.value` tells that of a variable.

        Parameters
        ----------
        problem, built
            A problem, and what `build` made of it.
        outcome
            A solution within HiGHS's tolerances; binaries may be off by these.
        """

    def search(self, problem: Any, goal: Goal, settings: SearchSettings) -> Found | None:
        """Search for the best decision in a faster exact way; None: there is none, the model is solved.

        Parameters
        ----------
        problem
            Its limits hold; what it optimises does not matter.
        goal
            What is minimised, in the quantities' own units.
        settings
            Gap, deadline, and what HiGHS is told.
        """

    def document_of(self, problem: Any, decision: Any) -> dict[str, Any]:
        """Return a decision as documents have it."""

    def decision_of(self, problem: Any, document: Mapping[str, Any]) -> Any:
        """Return the decision of a document. Raises InputError for one that does not fit."""

    def in_a_line(self, problem: Any) -> str:
        """Say how large a problem is."""

    def cautions(self, problem: Any) -> list[str]:
        """Return what is likely to be meant otherwise, though nothing is wrong with it."""

    def obstacles(self, problem: Any) -> list[str]:
        """Return what in a problem without a decision stands in the way, beside its limits by name."""

    def beside(self, problem: Any, settings: SearchSettings) -> list[Other]:
        """Return what others would decide, limits aside, for comparison; what needs a search is searched so."""

    def row(self, answer: Any) -> dict[str, object]:
        """Return an answer as the row of a table, by column."""


class NoModel(ValueError):
    """There is nothing to write a model of: no decision keeps what has to hold."""


@dataclass(frozen=True, slots=True)
class Question:
    """A problem of a standard family.

    Attributes
    ----------
    kind, name
        Its family, and what answers call it.
    optimise
        The quantity that is asked for.
    limits
        By quantity, less is better.
    data
        What the family makes of its tables.
    description
        Where its numbers come from.
    then
        What equally good decisions are judged by, in turn; empty: the first quantity, or the second where that is
        asked for.
    """

    kind: str
    name: str
    optimise: str
    limits: Mapping[str, float] = field(default_factory=dict)
    data: Any = None
    description: str = ""
    then: Sequence[str] = ()
