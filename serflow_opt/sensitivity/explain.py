"""Why a plan is the best: what each option would give in its place, what each limit costs; all by exact re-solves."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field, field_validator

from serflow_opt.errors import InputError, Problem
from serflow_opt.ground.arguments import Arguments
from serflow_opt.ground.deadline import Deadline
from serflow_opt.ground.display import Displayed
from serflow_opt.ground.document import Document, validated
from serflow_opt.ground.questions import NotAsked, Questions
from serflow_opt.ground.stopping import stoppable
from serflow_opt.ground.tolerances import DEFAULT_GAP, EQUAL, UNCHANGED
from serflow_opt.plan.document import Plan
from serflow_opt.plan.limit_cost import POINT, STEP, UNITS, LimitRow
from serflow_opt.problem.given import on_instance
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.kinds import Objective
from serflow_opt.problem.limits import at_most, limits_set, shown_unit
from serflow_opt.sensitivity.dominated import dominated
from serflow_opt.sensitivity.relax import FLOORS, LIMITS, asked, reached, with_limit
from serflow_opt.solving import solve

if TYPE_CHECKING:
    import pandas as pd

    from serflow_opt.problem.offers import Option


@dataclass(frozen=True, slots=True)
class OptionRow:
    """What is lost when a tier offers nothing but one option; value None: no plan keeps the limits.

    Attributes
    ----------
    tier, option
        Option None: the tier is taken away.
    chosen
        Whether the best plan runs on it.
    used
        Whether the best plan with it alone runs on it.
    value, bound
        Of what is minimised, in the units of plans.
    status
        Of that solve.
    dominated_by
        Another option of the tier that is at least as good in everything, so that this one is never needed.
    """

    tier: str
    option: str | None
    chosen: bool
    used: bool
    value: float | None
    bound: float | None
    status: str
    dominated_by: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Explanation(Displayed):
    """A plan, what it beats, and what its limits cost.

    Attributes
    ----------
    plan
        The best plan.
    options
        One row an option, and one for each tier taken away, best first.
    limits
        One row a limit.
    not_asked
        What there was no time for, in words: rows that are missing, or limits of which less is known.
    """

    plan: Plan
    options: tuple[OptionRow, ...]
    limits: tuple[LimitRow, ...]
    not_asked: tuple[str, ...] = ()

    def worse_by(self, value: float | None) -> float:
        """Relative distance of a value from the best one; inf: there is none."""
        best = self.plan.objective.value
        if value is None or best is None:
            return math.inf
        return (value - best) / abs(best) if best else (0.0 if value == best else math.inf)

    def to_dict(self) -> dict[str, Any]:
        """Return the document that `explain --json` prints."""

        def row(own: OptionRow) -> dict[str, Any]:
            worse = self.worse_by(own.value)
            return asdict(own) | {"worse_by": worse if math.isfinite(worse) else None}

        return {
            "plan": self.plan.to_dict(),
            "options": [row(own) for own in self.options],
            "limits": [asdict(own) for own in self.limits],
            "not_asked": list(self.not_asked),
        }

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Self:
        """Return what a document is of.

        Raises
        ------
        InputError
            For a document of something else.
        """
        read = validated(_Explained, document, "give the document that `explain --json` prints")
        return cls(read.plan, tuple(read.options), tuple(read.limits), tuple(read.not_asked))

    def to_frame(self, of: Literal["options", "limits"] = "options") -> pd.DataFrame:
        """Return one row an option, or one a limit."""
        import pandas as pd

        kind, rows = (OptionRow, self.options) if of == "options" else (LimitRow, self.limits)
        return pd.DataFrame([asdict(row) for row in rows], columns=list(kind.__dataclass_fields__))

    def _said(self) -> str:
        return f"{len(self.options)} options and {len(self.limits)} limits of {self.plan._said()}"


class _Explained(Document):
    """An explanation as documents have it."""

    plan: Plan
    options: list[OptionRow]
    limits: list[LimitRow]
    not_asked: list[str] = Field(default=[])

    @field_validator("options", mode="before")
    @classmethod
    def _without_what_follows(cls, rows: Any) -> Any:
        """Leave out what is computed from the others."""
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            return rows
        return [{key: value for key, value in row.items() if key != "worse_by"} for row in rows]


@on_instance
@stoppable()
def explain(
    instance: Instance,
    *,
    gap: float = DEFAULT_GAP,
    time_limit: float | None = None,
    threads: int = 0,
    on_progress: Callable[[str], None] | None = None,
) -> Explanation:
    """Solve an instance, and again with each tier reduced to each of its options, and with each limit loosened.

    Parameters
    ----------
    instance
        The problem; with a list of options in each tier and one objective.
    gap, threads
        As `solve` takes them, for each solve.
    time_limit
        Seconds in all. What there was no time for is named; the first solve is of the best plan.
    on_progress
        Told what is being solved.

    Returns
    -------
    Explanation
        Without rows where there is no plan: then `plan.infeasible_because` explains.

    Raises
    ------
    InputError
        For choices from ranges and a weighted objective, whose values cannot be compared.
    """
    problems = []
    if instance.minimize == "weighted":
        found = "'weighted': its scale changes with what may be chosen"
        problems.append(Problem(instance.name, "objective.minimize", found, "explain one objective"))
    if instance.families:
        found = "sizes or noise from a range"
        problems.append(Problem(instance.name, "memory_mb_range, noise", found, "list the choices to compare"))
    if problems:
        raise InputError(problems)

    with Arguments() as given:
        seconds = given.limit("time_limit", time_limit)
    questions = Questions(Deadline(seconds), on_progress)

    def find(what: str, changed: Instance) -> Plan:
        left = questions.deadline.left_or_none
        return questions.ask(what, lambda: solve(changed, gap=gap, time_limit=left, threads=threads))

    plan = find("the best plan", instance)
    if plan.plan is None:
        return Explanation(plan, (), ())
    chosen = _runs_on(plan)
    rows = list[OptionRow]()

    def add(tier: str, option: str | None, what: str, options: tuple[Option, ...]) -> None:
        with suppress(NotAsked):
            rows.append(_row(tier, option, chosen, find(what, replace(instance, options=options))))

    for t, tier in enumerate(instance.tiers):
        own = [option for option in instance.options if option.tier == t]
        others = tuple(option for option in instance.options if option.tier != t)
        for option in own:
            if chosen & {(tier.name, other.name) for other in own} == {(tier.name, option.name)}:
                rows.append(_row(tier.name, option.name, chosen, plan))  # the best plan has no other there
                continue
            alone = tuple(o for o in instance.options if o.tier != t or o is option)
            add(tier.name, option.name, f"{tier.name} with {option.name} alone", alone)
        if not chosen & {(tier.name, option.name) for option in own}:
            rows.append(_row(tier.name, None, chosen, plan))
        elif others:
            add(tier.name, None, f"without {tier.name}", others)
    beaten = dominated(instance)
    rows = [replace(row, dominated_by=beaten.get((row.tier, row.option or ""))) for row in rows]
    rows.sort(key=lambda row: math.inf if row.value is None else row.value)
    limits = tuple(_limits(instance, plan, find))
    return Explanation(plan, tuple(rows), limits, tuple(questions.not_asked))


def _runs_on(plan: Plan) -> set[tuple[str, str]]:
    """Tiers and options of a plan."""
    return set() if plan.plan is None else {(entry.tier, entry.option) for entry in plan.plan.placement}


def _row(tier: str, option: str | None, chosen: set[tuple[str, str]], plan: Plan) -> OptionRow:
    here = (tier, option)
    bound = None if plan.plan is None else plan.bound
    value = None if plan.plan is None else plan.objective.value
    return OptionRow(tier, option, here in chosen, here in _runs_on(plan), value, bound, plan.status)


def _limits(instance: Instance, plan: Plan, find: Callable[[str, Instance], Plan]) -> list[LimitRow]:
    """One row a limit that the instance has; as far as there is time."""
    best = plan.objective.value
    assert best is not None
    assert plan.metrics is not None
    rows = []
    for name in LIMITS:
        value = asked(instance, name)
        if value is None:
            continue
        kept = reached(instance, name, plan, plan.metrics)
        try:
            without = _value(find(f"without {name}", replace(with_limit(instance, name, None), then=())))
        except NotAsked:
            continue
        binds = without is not None and without < best - UNCHANGED * abs(best)
        step = POINT if name == "accuracy_min" else value * STEP
        looser = _further(name, value, step)
        row = LimitRow(name, value, kept if math.isfinite(kept) else None, binds, looser, best, without)
        rows.append(_loosened(instance, name, row, best, find) if binds else row)
    return rows


def _loosened(
    instance: Instance, name: str, row: LimitRow, best: float, find: Callable[[str, Instance], Plan]
) -> LimitRow:
    """Return the row of a limit that binds with what loosening it buys.

    Parameters
    ----------
    instance, name, row
        The problem, the limit, and what is known of it.
    best
        The value of the best plan.
    find
        Solves.
    """
    unit_more = _further(name, row.asked, UNITS.get(name, 0.01))
    try:
        next_at = _next_at(instance, name, best, find)

        def there(limit: float) -> float:
            if next_at is not None and (limit > next_at if name in FLOORS else limit < next_at):
                return best  # proven: nothing better before that
            found = _value(find(f"{name} {limit:g}", replace(with_limit(instance, name, limit), then=())))
            return best if found is None else min(found, best)

        row = replace(row, next_at=next_at, value_looser=there(row.looser))
        more = row.value_looser if unit_more == row.looser else there(unit_more)
        row = replace(row, unit_more=unit_more, value_unit_more=more)
        if next_at is not None:
            row = replace(row, value_next=there(_further(name, next_at, EQUAL * abs(next_at))))
    except NotAsked:
        pass  # it is named, and the row has what is known
    return row


def _further(limit: str, value: float, by: float) -> float:
    """Return a limit loosened by so much; nothing is below 0."""
    return max(value - by, 0.0) if limit in FLOORS else value + by


def _next_at(instance: Instance, limit: str, best: float, find: Callable[[str, Instance], Plan]) -> float | None:
    """Return the tightest value of a limit with a better optimum: the best there is at a better objective."""
    objectives = {own.key: own.objective for own in limits_set(instance)}
    objective = objectives[limit]
    if objective is None or objective == instance.minimize or (instance.joint and objective == "accuracy"):
        return None  # thresholds on samples are not chosen for the accuracy alone
    minimized: Objective = instance.minimize  # type: ignore[assignment]  # weighted is refused
    better = at_most(
        with_limit(instance, limit, None), minimized, (best - UNCHANGED * abs(best)) / shown_unit(minimized)[0]
    )
    found = find(f"the next better plan by {limit}", replace(better, minimize=objective, then=()))  # type: ignore[arg-type]
    return _value(found) if found.status == "optimal" else None


def _value(plan: Plan) -> float | None:
    return None if plan.plan is None else plan.objective.value
