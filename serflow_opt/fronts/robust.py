"""Fronts where things may turn out otherwise: each objective in its own worst case, each plan proven over all cases.

A question of the search of boxes is then a robust problem: the worst case of one objective, within limits that hold in
every case. So the plans are those that no other one beats in all worst cases together.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from serflow_opt.errors import Problem
from serflow_opt.fronts.by_boxes import LimitedOutcome
from serflow_opt.ground.deadline import Deadline
from serflow_opt.ground.tolerances import BOX_GAP
from serflow_opt.plan.adversary import RobustValue
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.kinds import Objective
from serflow_opt.problem.limits import at_most, ceiling
from serflow_opt.search.outcome import SearchSettings
from serflow_opt.search.robust.search import RobustSearch

WORST = "each objective in its worst case, machines rented before anything is known"
TOLD: tuple[Objective, ...] = ("cost", "latency", "accuracy")
"""Objectives whose worst case answers tell."""


@dataclass(frozen=True, slots=True)
class OfCases:
    """A placement instance with `uncertainty`."""

    instance: Instance

    @property
    def apart(self) -> Collection[str]:
        """All: the worst case of a sum is not the sum of worst cases."""
        return TOLD

    def ceiling(self, name: str) -> float:
        """Return what an objective may be at most."""
        objective: Objective = name  # type: ignore[assignment]  # one of its own
        return ceiling(self.instance, objective)

    def best(self, goal: Mapping[str, float], ceilings: Mapping[str, float], deadline: Deadline) -> LimitedOutcome:
        """Search within further limits.

        Parameters
        ----------
        goal, ceilings, deadline
            As `Searched.best` takes them; a goal of one objective.
        """
        ((name, weight),) = goal.items()
        limited = self.instance
        for other, most in ceilings.items():
            limited = at_most(limited, other, most)  # type: ignore[arg-type]
        limited = replace(limited, minimize=name)  # type: ignore[arg-type]
        found = RobustSearch(limited, SearchSettings(gap=BOX_GAP, deadline=deadline, threads=1)).run()
        values = None if found.valued is None else worst_of(limited, found.valued)
        return LimitedOutcome(found.decision, values, weight * found.value, found.infeasible, found.proven(BOX_GAP))


def worst_of(instance: Instance, valued: RobustValue) -> dict[str, float]:
    """Return the worst case of each objective, less is better."""
    measure = instance.latency_measure
    known = [name for name in TOLD if name != "accuracy" or instance.accuracy_known]
    return {name: valued.worst(name, measure).metrics.objective(name, measure) for name in known}


def at_worst(instance: Instance) -> Instance:
    """Return the instance with what is worst as its goal, whatever the file has."""
    asked = instance.uncertainty
    assert asked is not None
    return replace(instance, uncertainty=replace(asked, goal="worst", beta=0.0))


def robust_misfits(instance: Instance, objectives: Sequence[str]) -> list[Problem]:
    """Return what fronts with `uncertainty` do not take.

    Parameters
    ----------
    instance, objectives
        What is asked.
    """
    asked, problems = instance.uncertainty, []
    if asked is None:
        return []
    if others := [name for name in objectives if name not in TOLD]:
        cure = "fronts over all cases are of cost, latency and accuracy: take these, or remove [uncertainty]"
        problems.append(Problem(instance.name, "objectives", f"{', '.join(others)} with [uncertainty]", cure))
    if asked.scenarios and asked.hold < 1:
        cure = "limits of a front hold in every scenario: hold = 1, or `solve` with limits of your own"
        problems.append(Problem(instance.name, "uncertainty.hold", f"{asked.hold:g}", cure))
    if instance.takes_batches:
        cure = "leave batch out of the tiers, or remove [uncertainty]"
        problems.append(Problem(instance.name, "uncertainty", "with batches", cure))
    return problems
