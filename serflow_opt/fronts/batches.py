"""Fronts where tiers offer batches: the plans that serve requests one by one, and beside them those with batches."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import get_args

from serflow_opt.fronts.by_boxes import LimitedOutcome
from serflow_opt.fronts.methods import FrontRequest, Result, by_solves, first_of
from serflow_opt.ground.deadline import Deadline
from serflow_opt.ground.tolerances import BOX_GAP, EQUAL
from serflow_opt.problem.batches import one_by_one
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.kinds import Objective
from serflow_opt.problem.limits import at_most, ceiling
from serflow_opt.search.outcome import SearchOutcome
from serflow_opt.traffic.batches.planned import GOALS, alone, search_batches, why_not_planned
from serflow_opt.traffic.batches.planned import told as told_of_plans


@dataclass(frozen=True, slots=True)
class OfBatches:
    """The plans with batches of an instance, as `front_by_boxes` searches them."""

    instance: Instance
    apart: Collection[str] = ("accuracy",)

    def ceiling(self, name: str) -> float:
        """Return what an objective may be at most."""
        return ceiling(self.instance, name)  # type: ignore[arg-type]  # one of its own

    def best(self, goal: Mapping[str, float], ceilings: Mapping[str, float], deadline: Deadline) -> LimitedOutcome:
        """Search within further limits for what is best in one objective, of several in one after the other.

        Parameters
        ----------
        goal, ceilings, deadline
            As `Searched.best` takes them, in USD, seconds, and minus the accuracy.
        """
        limited, found, proven = self.instance, SearchOutcome(), True
        for other, most in ceilings.items():
            limited = at_most(limited, other, most)  # type: ignore[arg-type]  # objectives
        for name in goal:
            found = search_batches(limited, name, BOX_GAP, deadline)  # type: ignore[arg-type]
            proven &= found.proven(BOX_GAP)
            if found.decision is None:
                break
            limited = at_most(limited, name, found.value + EQUAL * abs(found.value))  # type: ignore[arg-type]
        values, metrics = None, found.metrics
        if metrics is not None:
            values = {own: metrics.objective(own, limited.latency_measure) for own in get_args(Objective)}
        return LimitedOutcome(found.decision, values, found.value, found.infeasible, proven)


def _why_not(instance: Instance, objectives: Sequence[str]) -> str:
    """Say why plans with batches are no part of a front; "" where they are."""
    others = sorted(set(objectives) - set(GOALS))
    if others:
        return one_by_one(instance.takes_batches, f"batches are planned for {', '.join(GOALS)}, not {others[0]}")
    return why_not_planned(instance)


def told(instance: Instance, objectives: Sequence[str]) -> str:
    """Say of which plans with batches a front is, or why it has none."""
    return _why_not(instance, objectives) or told_of_plans(instance)


def beside_batches(asked: FrontRequest, finds: Sequence[Callable[[FrontRequest], Result | None]]) -> Result | None:
    """Return the plans without and with batches that may be on a front.

    Parameters
    ----------
    asked
        The question.
    finds
        Methods for plans without.
    """
    plain = first_of(replace(asked, instance=alone(asked.instance)), finds)
    if plain is None or _why_not(asked.instance, asked.objectives):
        return plain
    journal = None if asked.journal is None else asked.journal.with_name(f"{asked.journal.name}.batches")
    batched = by_solves(replace(asked, journal=journal), OfBatches(asked.instance))
    assert batched is not None
    known = plain.coverage is not None and batched.coverage is not None
    return Result(
        [*plain.decisions, *batched.decisions],
        max(plain.coverage or 0.0, batched.coverage or 0.0) if known else None,
        f"{plain.method}; with batches: {batched.method}",
        plain.counts | {f"{name}, batches": number for name, number in batched.counts.items()},
    )
