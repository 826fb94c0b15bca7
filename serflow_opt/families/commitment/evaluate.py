"""What commitments come to, row by row of the demand, by the rule that providers bill by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from serflow_opt.families.commitment.problem import YEAR_H, Commitments
from serflow_opt.families.protocol import Valued
from serflow_opt.ground.arrays import Floats

Spend = tuple[float, ...]
"""USD an hour that are committed to each plan."""


@dataclass(frozen=True, slots=True)
class Account:
    """A year's money.

    Attributes
    ----------
    committed, used
        By plan, USD: what is paid, and the part of it that covers something.
    saved
        By plan, USD that would have been paid on demand for what it covers.
    on_demand
        USD for what no plan covers.
    upfront
        By plan, USD paid at the start, all of its term.
    covered
        How many of each thing each plan covers, by row of the demand: plans x T x K.
    """

    committed: Floats
    used: Floats
    saved: Floats
    on_demand: float
    upfront: Floats
    covered: Floats

    @property
    def cost(self) -> float:
        """USD of the year."""
        return float(self.committed.sum()) + self.on_demand


def account(data: Commitments, spend: Spend) -> Account:
    """Bill each row: plan by plan, each where it saves most for its money; what is left is paid on demand.

    Parameters
    ----------
    data, spend
        A demand, and USD an hour that are committed to each plan.
    """
    share = data.hours * (YEAR_H / data.hours.sum())
    left, prices = data.demand.copy(), np.array(data.prices)
    covered = np.zeros((len(data.plans), *left.shape))
    used, saved = np.zeros(len(data.plans)), np.zeros(len(data.plans))
    for p, plan in enumerate(data.plans):
        money = np.full(len(left), spend[p])
        for k in sorted(plan.rates, key=lambda k: plan.rates[k] / data.prices[k]):
            taken = np.minimum(left[:, k], money / plan.rates[k])
            covered[p, :, k] = taken
            left[:, k] -= taken
            money = np.maximum(money - taken * plan.rates[k], 0.0)
        used[p] = share @ (spend[p] - money)
        saved[p] = share @ (covered[p] @ prices)
    committed = np.array(spend) * YEAR_H
    upfront = committed * [plan.upfront * plan.months / 12 for plan in data.plans]
    return Account(committed, used, saved, float(share @ (left @ prices)), upfront, covered)


def value(data: Commitments, spend: Spend) -> Valued:
    """Value commitments.

    Parameters
    ----------
    data, spend
        As `account` takes them.
    """
    own = account(data, spend)
    sums = {"upfront": float(own.upfront.sum()), "committed": float(own.committed.sum())}
    return Valued({"cost": own.cost, **sums})
