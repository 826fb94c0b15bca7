"""Commitments as a family of problems: `kind = "commitment"`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from serflow_opt.families.commitment.decide import decided, told
from serflow_opt.families.commitment.document import CommitmentTables
from serflow_opt.families.commitment.evaluate import value
from serflow_opt.families.commitment.problem import YEAR_H
from serflow_opt.families.commitment.read import read
from serflow_opt.families.protocol import Built, Family, Goal, Other, Quantity, Question
from serflow_opt.families.standard import FamilyFunctions, Standard

if TYPE_CHECKING:
    from serflow_opt.families.commitment.evaluate import Spend
    from serflow_opt.families.commitment.problem import Commitments
    from serflow_opt.search.outcome import SearchSettings

SCOPE = "the demand of the table, which stays as it is as long as the longest term"


class CommitmentFamily(Standard):
    """How much to commit to for one or three years, and what to pay for on demand."""

    kind = "commitment"
    words = "how much to commit to for one or three years, and what to pay for on demand"
    document = CommitmentTables
    functions = FamilyFunctions(value, told, decided, read)
    quantities: Sequence[Quantity] = (
        Quantity("cost", "cost of a year", "USD", limit="budget_usd"),
        Quantity("upfront", "paid at the start", "USD", limit="upfront_max_usd"),
        Quantity("committed", "committed a year", "USD", limit="committed_max_usd"),
    )
    shared = "cost"
    own: Mapping[str, str] = {
        "layout": "families.commitment.report:plan_parts",
        "words": "families.commitment.report:plan_words",
        "plot": "families.commitment.plot:plot_commitments",
    }

    def model(self, data: Commitments) -> tuple[Any, Mapping[str, Any]]:
        """Return the amounts, and what they cover in each row of the demand."""
        from serflow_opt.formulations.commitments import CommitmentOffer, commitments_model

        offers = [
            CommitmentOffer(plan.rates, plan.step, plan.upfront * plan.months / 12 * YEAR_H) for plan in data.plans
        ]
        weights = (data.hours * (YEAR_H / data.hours.sum())).tolist()
        return commitments_model(offers, weights, data.demand.tolist(), data.prices)

    def build(self, problem: Question, goal: Goal) -> Built:
        """Return the model; amounts are no binaries that could be cut off."""
        return replace(super().build(problem, goal), told=[], whole=False, scope=SCOPE)

    def read(self, data: Commitments, model: Any, value: Callable[[Any], float]) -> Spend:
        """Return the amounts.

        Parameters
        ----------
        data, model, value
            As `Standard.read` takes them.
        """
        return tuple(
            round(value(model.n[p])) * plan.step if plan.step else max(value(model.h[p]), 0.0)
            for p, plan in enumerate(data.plans)
        )

    def in_a_line(self, problem: Question) -> str:
        """Say how much demand and how many plans there are."""
        data: Commitments = problem.data
        rows = f"{len(data.hours):,} different demands over {data.hours.sum():,.4g} hours"
        return f"{len(data.plans)} plans for {', '.join(data.names)}; {rows}"

    def beside(self, problem: Question, settings: SearchSettings) -> list[Other]:
        """Return nothing committed, and each plan for the least and the mean demand."""
        from serflow_opt.families.commitment.decide import others

        return others(problem.data)


COMMITMENT: Family = CommitmentFamily()
