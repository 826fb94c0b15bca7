"""Pools of machines on demand and on spot as a family of problems: `kind = "spot"`."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from serflow_opt.families.protocol import Built, Family, Goal, Other, Quantity, Question
from serflow_opt.families.spot.decide import decided, obstacles, told
from serflow_opt.families.spot.document import SpotTables
from serflow_opt.families.spot.evaluate import value
from serflow_opt.families.spot.read import read
from serflow_opt.families.standard import FamilyFunctions, Standard

if TYPE_CHECKING:
    from serflow_opt.families.found import Found
    from serflow_opt.families.spot.problem import Counts, SpotPool
    from serflow_opt.search.outcome import SearchSettings

SCOPE = "machines that go and come back independently of each other, zones as stated, in the long run"
LATE = "; lateness as of a queue whose workers stay as they are, averaged over how many are up"


class SpotFamily(Standard):
    """How many machines on demand and on spot keep a target though spot machines are taken away."""

    kind = "spot"
    words = "how many machines on demand and on spot, in which zones, so that enough are up"
    document = SpotTables
    functions = FamilyFunctions(value, told, decided, read, obstacles)
    quantities: Sequence[Quantity] = (
        Quantity("cost", unit="USD/hour", limit="budget_usd_per_hour"),
        Quantity("late", "late requests", "of all requests"),
        Quantity("availability", "enough are up", "of the time", sense="max"),
        Quantity("interruptions", unit="a day"),
    )
    shared = "cost"
    own: Mapping[str, str] = {
        "layout": "families.spot.report:plan_parts",
        "words": "families.spot.report:plan_words",
        "simulate": "families.spot.simulate:simulate",
        "scale": "families.spot.compare:bounds",
        "compare": "families.spot.compare:compare",
        "plot_compared": "plotting.market:plot_rules",
    }

    def model(self, data: SpotPool) -> tuple[Any, Mapping[str, Any]]:
        """Return the choice of machines by offer or zone, and the probabilities that pass by it."""
        from serflow_opt.families.spot.groups import groups_of
        from serflow_opt.formulations.spot_pools import GroupChoice, spot_pool_model

        groups = [
            [
                GroupChoice(up, {"cost": usd, "interruptions": gone})
                for up, usd, gone in zip(own.up.tolist(), own.cost.tolist(), own.interruptions.tolist(), strict=True)
            ]
            for own in groups_of(data)
        ]
        return spot_pool_model(groups, data.late, data.enough)

    def build(self, problem: Question, goal: Goal) -> Built:
        """Return the model, and what its proof is of."""
        return replace(super().build(problem, goal), scope=_scope(problem, goal))

    def read(self, data: SpotPool, model: Any, value: Callable[[Any], float]) -> Counts:
        """Return the machines of the choices taken.

        Parameters
        ----------
        data, model, value
            As `Standard.read` takes them.
        """
        from serflow_opt.families.spot.groups import counts_of, groups_of

        groups = groups_of(data)
        rows = tuple(
            max(range(len(own.counts)), key=lambda r, g=g: value(model.x[g, r]))  # type: ignore[misc]
            for g, own in enumerate(groups)
        )
        return counts_of(groups, rows)

    def search(self, problem: Question, goal: Goal, settings: SearchSettings) -> Found | None:
        """Search group by group.

        Parameters
        ----------
        problem, goal, settings
            As `Family.search` takes them.
        """
        from serflow_opt.families.found import Found
        from serflow_opt.families.spot.search import PoolSearch
        from serflow_opt.families.witnessed import settle

        if any(by < 0 for by in goal.values()):
            return None
        done = PoolSearch(problem.data, goal, problem.limits, settings.gap, settings.deadline).run()
        found = Found(method="offer by offer, bounded by the workers up on average that limits take")
        found.scope, found.counts = _scope(problem, goal), {"looked_into": done.looked}
        if done.counts is None:
            found.infeasible = done.ended
            found.bound = found.checked = done.bound if not done.ended else math.inf
            return found
        found.bound = done.bound
        settle(self, problem, goal, found, done.counts)
        return found

    def in_a_line(self, problem: Question) -> str:
        """Say what there is, and what is enough."""
        pool: SpotPool = problem.data
        spot = sum(own.availability < 1 for own in pool.offers)
        asked = f"{pool.rate_per_s:g} requests/s of {pool.service_s * 1000:g} ms, " if pool.queue else ""
        enough = f"{pool.enough} workers are enough" if pool.enough <= pool.most else "no workers are enough"
        return f"{len(pool.offers)} offers, {spot} of them interrupted; {asked}{enough}"

    def cautions(self, problem: Question) -> list[str]:
        """Say where nothing is asked of the pool."""
        if problem.optimise == "cost" and not {"late", "availability"} & set(problem.limits):
            return ["no limit on late requests or availability: nothing is cheapest (limits.availability_min = 0.999)"]
        return []

    def beside(self, problem: Question, settings: SearchSettings) -> list[Other]:
        """Return on demand alone, spot alone, and the cheapest without spares."""
        from serflow_opt.families.spot.decide import others

        return others(problem.data, problem.limits)


def _scope(problem: Question, goal: Goal) -> str:
    return SCOPE + (LATE if problem.data.queue and "late" in {*goal, *problem.limits} else "")


SPOT: Family = SpotFamily()
