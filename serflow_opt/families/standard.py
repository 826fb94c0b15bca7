"""A family of problems with all but its mathematics: files, limits, goals and documents are the same for all."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from serflow_opt.errors import InputError, Problem, nearest
from serflow_opt.families.protocol import Built, Goal, NoModel, Other, Quantity, Question, Valued
from serflow_opt.families.registry import quantity
from serflow_opt.ground.arguments import as_number
from serflow_opt.ground.document import explained, without_tags
from serflow_opt.ground.tolerances import SMALLEST, TOLERANCE
from serflow_opt.plan.document import Breach

if TYPE_CHECKING:
    from serflow_opt.backend.highs import Outcome
    from serflow_opt.families.found import Found
    from serflow_opt.search.outcome import SearchSettings


class Tables(BaseModel):
    """What instance files of any standard family say; a family adds its own tables."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    schema_: Literal[1] = Field(alias="schema", description="version of this format: 1")
    kind: str = Field(description="kind of problem")
    name: str = Field(min_length=1, description="what results call the instance")
    description: str = Field(default="", description="where the numbers come from")
    objective: str = Field(default="", description="the quantity that is optimised; left out: the family's first")
    then: list[str] = Field(default=[], description="quantities that equally good decisions are judged by, in turn")
    limits: dict[str, float] = Field(default={}, description="NAME_max, or NAME_min where more is better")


def as_read(document: Any, path: Path, catalogs: Sequence[str | Path], problems: list[Problem]) -> Any:
    """Return the tables as they are: the data of a family that makes no more of them.

    Parameters
    ----------
    document, path, catalogs, problems
        As `FamilyFunctions.data` takes them.
    """
    return document


def none_known(data: Any, limits: Mapping[str, float]) -> list[str]:
    """Return that nothing stands in the way beside limits."""
    return []


@dataclass(frozen=True, slots=True)
class FamilyFunctions:
    """What a family works out of its data, as plain functions.

    Attributes
    ----------
    value
        From data and a decision: values a decision exactly, limits aside. The witness: shares no code with the model.
    told
        From data and a decision: the decision as documents have it.
    decided
        From data and a document: the decision of it. Raises InputError for one that does not fit.
    data
        From valid tables, path, price files and a list for faults, as `Family.resolve` takes them: what all other
        functions are given; None, with faults appended, where there are any.
    obstacles
        From data and limits, less is better: what stands in the way of a decision, beside limits by name.
    """

    value: Callable[[Any, Any], Valued]
    told: Callable[[Any, Any], dict[str, Any]]
    decided: Callable[[Any, Mapping[str, Any]], Any]
    data: Callable[[Any, Path, Sequence[str | Path], list[Problem]], Any] = as_read
    obstacles: Callable[[Any, Mapping[str, float]], list[str]] = none_known


class Standard(ABC):
    """A family of problems whose tables extend `Tables`.

    A family gives `kind`, `words`, `quantities` and `document`; plain functions of its data; `model` and `read`, which
    put a model up and read its solutions.
    """

    kind: str
    words: str
    quantities: Sequence[Quantity]
    document: type[Tables]
    functions: FamilyFunctions
    shared: str = ""
    counted: Sequence[str] = ()
    own: Mapping[str, str] = {}

    @abstractmethod
    def model(self, data: Any) -> tuple[Any, Mapping[str, Any]]:
        """Return a Pyomo model of what has to hold, limits aside, and its quantities as linear expressions."""

    @abstractmethod
    def read(self, data: Any, model: Any, value: Callable[[Any], float]) -> Any:
        """Return the decision in a solution, whose values of variables are given.

        Parameters
        ----------
        data, model
            What became of the tables, and what `model` made of that.
        value
            The value of one of its variables; binaries may be off by HiGHS's tolerances.
        """

    def resolve(
        self, raw: Mapping[str, Any], path: Path, catalogs: Sequence[str | Path], problems: list[Problem]
    ) -> Question | None:
        """Return the problem that a parsed file is, or add to what is wrong with it.

        Parameters
        ----------
        raw, path, catalogs, problems
            As `Family.resolve` takes them.
        """

        def resolved(document: Tables, problems: list[Problem]) -> Question | None:
            return self._resolved(document, path, catalogs, problems)

        try:
            return resolved(self.document.model_validate(raw), problems)
        except ValidationError as error:
            from serflow_opt.problem.mending import further_problems

            def told(fault: dict[str, Any]) -> Problem:
                return explained({**fault, "loc": without_tags(raw, fault["loc"])}, "add it", str(path))

            problems += [told(dict(fault)) for fault in error.errors(include_url=False)]
            problems += further_problems(self.document, raw, error, told, resolved)
            return None

    def _resolved(
        self, document: Tables, path: Path, catalogs: Sequence[str | Path], problems: list[Problem]
    ) -> Question | None:
        """Return the problem of valid tables; None, with faults appended, where these do not go together."""
        asked = Question(self.kind, document.name, self.quantities[0].name, description=document.description)
        goal = {"objective": document.objective or None, "then": document.then or None}
        faults: list[Problem] = []
        data = self.functions.data(document, path, catalogs, faults)
        try:
            asked = self._changed(asked, {**goal, **document.limits}, str(path))
        except InputError as error:
            faults = [*error.problems, *faults]
        problems += faults
        return None if faults else replace(asked, data=data)

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of its instance files."""
        return self.document.model_json_schema(by_alias=True)

    def changed(self, problem: Question, changes: Mapping[str, Any]) -> Question:
        """Return a copy with another objective or other limits (None: without), by the keys of files."""
        return self._changed(problem, changes, problem.name)

    def _changed(self, problem: Question, changes: Mapping[str, Any], file: str) -> Question:
        keys, names = {own.key: own for own in self.quantities}, [own.name for own in self.quantities]
        limits, optimise, then, problems = dict(problem.limits), problem.optimise, problem.then, []
        for key, value in changes.items():
            own = keys.get(key)
            if key == "then":
                then = tuple([value] if isinstance(value, str) else value or ())
                unknown = [other for other in then if other not in names]
                problems += [Problem(file, "then", repr(other), nearest(str(other), names)) for other in unknown]
            elif key in ("objective", "minimize"):  # as files call it, and as the option of commands does
                optimise = optimise if value is None else str(value)
                if optimise not in names:
                    problems.append(Problem(file, "objective", repr(value), nearest(optimise, names)))
            elif own is None:
                cure = f"the limits of a {self.kind}: {', '.join(keys)}"
                problems.append(Problem(file, f"limits.{key}", f"no limit of a {self.kind}", cure))
            elif value is None:
                limits.pop(own.name, None)
            elif math.isfinite(number := as_number(value)):
                limits[own.name] = own.less(number / own.shown)
            else:
                problems.append(Problem(file, f"limits.{key}", repr(value), "write a finite number"))
        if problems:
            raise InputError(problems)
        return replace(problem, optimise=optimise, then=then, limits=limits)

    def optimised(self, problem: Question) -> str:
        """Return the quantity that is asked for."""
        return problem.optimise

    def ceilings(self, problem: Question) -> dict[str, float]:
        """Return the limits that are set, by quantity, less is better."""
        return dict(problem.limits)

    def held(self, problem: Question, ceilings: Mapping[str, float | None]) -> Question:
        """Return a copy with other limits, less is better; None: without one."""
        merged = {**problem.limits, **ceilings}
        return replace(problem, limits={name: most for name, most in merged.items() if most is not None})

    def evaluate(self, problem: Question, decision: Any) -> Valued:
        """Value a decision exactly, and hold it against the limits."""
        valued = self.functions.value(problem.data, decision)
        broken = []
        for name, most in problem.limits.items():
            own = quantity(self, name)
            excess = (own.less(valued.values[name]) - most) / max(abs(most), SMALLEST)
            if excess > TOLERANCE:
                value, bound = valued.values[name] * own.shown, own.less(most) * own.shown
                broken.append(Breach(limit=own.key, value=value, bound=bound, excess=excess))
        return replace(valued, breaches=(*valued.breaches, *broken))

    def build(self, problem: Question, goal: Goal) -> Built:
        """Return the model with its limits and the goal.

        Raises
        ------
        NoModel
            Where a quantity that nothing changes is beyond its limit.
        """
        from serflow_opt.formulations.quantities import BeyondLimit, add_goal

        model, given = self.model(problem.data)
        parts = {own.name: own.less(given[own.name]) for own in self.quantities}
        try:
            add_goal(model, parts, goal, problem.limits)
        except BeyondLimit as error:
            raise NoModel from error
        return Built(model)

    def decode(self, problem: Question, built: Built, outcome: Outcome) -> Any:
        """Return the decision in a solution.

        Parameters
        ----------
        problem, built, outcome
            As `Family.decode` takes them.
        """
        return self.read(problem.data, built.model, outcome.value)

    def search(self, problem: Question, goal: Goal, settings: SearchSettings) -> Found | None:
        """Leave it to the model.

        Parameters
        ----------
        problem, goal, settings
            As `Family.search` takes them.
        """
        return None

    def document_of(self, problem: Question, decision: Any) -> dict[str, Any]:
        """Return a decision as documents have it."""
        return self.functions.told(problem.data, decision)

    def decision_of(self, problem: Question, document: Mapping[str, Any]) -> Any:
        """Return the decision of a document."""
        return self.functions.decided(problem.data, document)

    def in_a_line(self, problem: Question) -> str:
        """Say what it is of."""
        return f"{self.kind} for {problem.optimise}"

    def cautions(self, problem: Question) -> list[str]:
        """Return what is likely to be meant otherwise: nothing."""
        return []

    def obstacles(self, problem: Question) -> list[str]:
        """Return what in a problem stands in the way of a decision, beside its limits."""
        return self.functions.obstacles(problem.data, problem.limits)

    def beside(self, problem: Question, settings: SearchSettings) -> list[Other]:
        """Return what others would decide: nothing."""
        return []

    def row(self, answer: Any) -> dict[str, object]:
        """Return an answer as the row of a table, by column."""
        return {
            "instance": answer.instance,
            "status": answer.status,
            "objective": answer.objective.name,
            "value": answer.objective.value,
            "unit": answer.objective.unit,
            "bound": answer.bound,
            "gap": answer.gap,
            "seconds": round(answer.seconds, 6),
            **{f"metrics.{own.name}": answer.achieved(own.name) for own in self.quantities},
            "because": "; ".join(clash.message for clash in answer.infeasible_because),
        }
