"""Several problems of one family under a shared budget, where the family has a quantity that adds up.

Each problem's front of what is optimised and what is shared is found whole. The best choice within a budget takes one
point of each front: another decision could be exchanged for a point that is no worse in both.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from pydantic import Field

from serflow_opt.errors import Problem
from serflow_opt.families.answer import Solution
from serflow_opt.families.front import pareto
from serflow_opt.families.protocol import Family, Quantity
from serflow_opt.families.registry import family_of, quantity
from serflow_opt.families.solve import answer
from serflow_opt.fleets.master import Chosen, FleetMaster, SharedLimits
from serflow_opt.fleets.pricing import PlanColumn
from serflow_opt.fleets.solve import FleetProgress
from serflow_opt.ground.arguments import Arguments
from serflow_opt.ground.deadline import Deadline
from serflow_opt.ground.display import named
from serflow_opt.ground.document import Answer, Document
from serflow_opt.ground.gaps import relative_gap
from serflow_opt.ground.stopping import stoppable
from serflow_opt.ground.tolerances import BOX_STEP, EQUAL, FLEET_GAP
from serflow_opt.plan.certificate import Certificate, largest_breach
from serflow_opt.plan.document import PlanStatus
from serflow_opt.search.outcome import SearchSettings


class Member(Document):
    """The decision of one problem of a fleet."""

    instance: str
    weight: float
    adds: float = Field(description="to the fleet's objective")
    shares: float = Field(description="of what is shared")
    plan: Solution


class SolutionFleet(Answer):
    """The answer to several problems that share a budget, as `fleet --json` prints it."""

    kind: str
    status: PlanStatus
    minimize: str = Field(description="the quantity that is optimised, weighted and added up")
    value: float | None
    unit: str
    bound: float | None
    gap: float | None
    seconds: float
    shared: str = Field(description="the quantity that the budget is on")
    total: float | None = Field(description="of what is shared")
    budget_usd_per_hour: float | None
    services: list[Member]
    certificate: Certificate
    because: list[str] = Field(default=[], description="why there are no decisions")

    def rows(self) -> list[dict[str, Any]]:
        """Return one row a problem, by column; what is decided in words."""
        words = named("report.solution:decided_words")
        return [
            {
                "instance": own.instance,
                "adds": own.adds,
                self.shared: own.shares,
                "decided": words(self.kind, own.plan.plan),
            }
            for own in self.services
        ]

    def _said(self) -> str:
        reached = "" if self.value is None else f", {self.minimize} {self.value:.6g} {self.unit}".rstrip()
        return f"of {len(self.services)} problems: {self.status}{reached}"


@stoppable()
def solve_fleet(
    problems: Iterable[Any],
    *,
    budget_usd_per_hour: float | None = None,
    machines_max: Mapping[str, int] | None = None,
    minimize: str | None = None,
    weights: Mapping[str, float] | None = None,
    gap: float = FLEET_GAP,
    time_limit: float | None = None,
    jobs: int = 1,
    on_progress: Callable[[FleetProgress], None] | None = None,
) -> SolutionFleet:
    """Find a decision of each problem such that all together stay within a budget; as `serflow_opt.solve_fleet`.

    Parameters
    ----------
    problems
        Of one family, each with a name of its own.
    budget_usd_per_hour
        Most that the family's shared quantity adds up to, USD an hour.
    machines_max
        By a quantity of the family that is counted, as the functions of jobs, most that all come to together: all are
        taken to run at once. Other families have none.
    minimize
        The quantity that is optimised, weighted and added up; None: what the first problem asks for.
    weights
        By the name of a problem, how much its quantity counts; 1 where not named.
    gap, time_limit
        Relative distance of value and bound that counts as optimal; seconds for everything, None: none.
    jobs, on_progress
        Processes that search the front of a problem; called before each problem.

    Raises
    ------
    InputError
        Also for machines, and for a family without a quantity that adds up.
    """
    asked = list(problems)
    family = family_of(asked[0])
    name = minimize or family.optimised(asked[0])
    by = dict(weights or {})
    with Arguments() as given:
        if budget_usd_per_hour is not None:
            budget_usd_per_hour = given.number("budget_usd_per_hour", budget_usd_per_hour, above=True)
        gap, jobs = given.number("gap", gap), given.whole("jobs", jobs, 1)
        seconds = given.limit("time_limit", time_limit)
        given.one_of("minimize", name, [own.name for own in family.quantities])
        most = dict(machines_max or {})
        cure = f"it counts {', '.join(family.counted)}" if family.counted else "it has no machines: give a budget"
        for key in sorted(set(most) - set(family.counted)):
            given.misfit("machines_max", key, cure)
        if not family.shared:
            found = f"no quantity of a {family.kind} adds up"
            given.problems.append(Problem("", "fleet", found, "solve them one by one"))
        if budget_usd_per_hour is None and not most:
            given.misfit("budget_usd_per_hour", "none", "give what they share, or solve them one by one")
        unknown = sorted(set(by) - {own.name for own in asked})
        for key in unknown:
            given.misfit("weights", key, "name one of the instances")
        for key in set(by) - set(unknown):
            given.number("weights", by[key])
    deadline, goal, shared = Deadline(seconds), quantity(family, name), quantity(family, family.shared)
    master = FleetMaster(len(asked), SharedLimits(budget_usd_per_hour, most))
    complete, because = True, []
    for n, problem in enumerate(asked):
        if on_progress is not None:
            on_progress(FleetProgress(deadline.seconds, problem.name, math.inf, -math.inf, len(master.columns)))
        plans, whole = _points(family, problem, goal, shared, list(most), SearchSettings(gap, deadline), jobs)
        complete &= whole
        if whole and not plans:
            because.append(f"{problem.name}: no decision keeps its own limits")
        weight = by.get(problem.name, 1.0)
        for plan in plans:
            counts = tuple((key, round(_own(plan, quantity(family, key)))) for key in most)
            adds, share = weight * goal.less(_own(plan, goal)), shared.less(_own(plan, shared))
            master.add(PlanColumn(n, adds, share, counts, plan))  # type: ignore[arg-type]
    chosen = master.choose(deadline, gap / 10) if master.complete else Chosen()
    if complete and not because and not chosen.columns and chosen.bound == math.inf:
        because += _least(master, shared, most)
    return _fleet(family, asked, goal, shared, master, chosen, complete, because, by, gap, deadline)


def _least(master: FleetMaster, shared: Quantity, counted: Iterable[str]) -> list[str]:
    """Say what all take together at the least of what is shared."""
    of = [[own for own in master.columns if own.service == n] for n in range(master.services)]
    usd = math.fsum(min(own.usd_per_hour for own in columns) for columns in of)
    said = [f"together they take at least {usd:.6g} {shared.unit} of {shared.word}"]
    for key in counted:
        fewest = sum(min(own.count(key) for own in columns) for columns in of)
        said.append(f"together they take at least {fewest} {key}")
    return said


def _points(
    family: Family,
    problem: Any,
    goal: Quantity,
    shared: Quantity,
    counted: Sequence[str],
    settings: SearchSettings,
    jobs: int,
) -> tuple[Sequence[Solution], bool]:
    """Return the decisions that can be part of a best choice, and whether none is missing."""
    names = tuple(dict.fromkeys((goal.name, shared.name, *counted)))
    if len(names) > 1:
        front = pareto(problem, names, time_limit=settings.deadline.left_or_none, jobs=jobs)
        return front.plans, front.complete
    alone = answer(problem, settings, goal.name)
    return ([alone] if alone.plan is not None else []), alone.status in ("optimal", "infeasible")


def _own(plan: Solution, of: Quantity) -> float:
    """Return a quantity of a decision in its own unit."""
    shown = plan.achieved(of.name)
    assert shown is not None
    return shown / of.shown


def _fleet(
    family: Family,
    asked: Sequence[Any],
    goal: Quantity,
    shared: Quantity,
    master: FleetMaster,
    chosen: Chosen,
    complete: bool,
    because: list[str],
    weights: Mapping[str, float],
    gap: float,
    deadline: Deadline,
) -> SolutionFleet:
    """Put the answer together."""
    status: PlanStatus = "infeasible" if because else "no_solution"
    value = total = distance = None
    bound = chosen.bound if complete and math.isfinite(chosen.bound) else None
    if chosen.columns:
        value, total = chosen.value, math.fsum(own.usd_per_hour for own in chosen.columns)
        distance = None if bound is None else relative_gap(value, bound)
        status = "optimal" if distance is not None and distance <= max(gap, EQUAL) else "feasible"

    def shown(less: float | None) -> float | None:
        return None if less is None else goal.less(less) * goal.shown

    members = []
    for own in chosen.columns:
        plan: Any = own.decision
        weight, name = weights.get(asked[own.service].name, 1.0), asked[own.service].name
        added = goal.less(own.adds) * goal.shown
        members.append(Member(instance=name, weight=weight, adds=added, shares=own.usd_per_hour, plan=plan))
    return SolutionFleet(
        kind=family.kind,
        status=status,
        minimize=goal.name,
        value=shown(value),
        unit=goal.unit_shown,
        bound=shown(bound),
        gap=distance,
        seconds=deadline.seconds,
        shared=shared.name,
        total=total,
        budget_usd_per_hour=master.shared.budget,
        services=members,
        certificate=Certificate(
            exact_objective=shown(value),
            max_constraint_violation=largest_breach(own.plan for own in members),
            model_objective=None,
            method="one point of each front, chosen by HiGHS; decisions valued by the exact evaluator",
            scope=f"decisions told apart from a relative difference of {BOX_STEP:g}; the bounds are HiGHS's word",
            counts={"points": len(master.columns)},
        ),
        because=because,
    )
