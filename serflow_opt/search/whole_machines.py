"""Machines rented whole, as chains count them: how many a unit of time takes, and what each of them costs or emits."""

from __future__ import annotations

import numpy as np

from serflow_opt.formulations.coefficients import Data
from serflow_opt.ground.arrays import Floats
from serflow_opt.search.goal import Goal


class WholeMachines:
    """Of an instance whose machines are rented whole; of others there are none.

    Attributes
    ----------
    by_tier
        By tier, machines that a unit of time of each request keeps busy, by runner.
    emit
        Whether what a machine takes is carbon, which is minimised alone; else it is money.
    rents
        What a machine of each option takes per request, / gram or / dollar.
    on
        Grams that a busy unit of time takes for machines to be on, by runner, / gram; 0 where they count in money.
    """

    def __init__(self, data: Data, goal: Goal) -> None:
        self.by_tier = _by_tier(data)
        self.emit = bool(self.by_tier) and set(goal) == {"carbon"}
        options = data.instance.options
        if self.emit:
            self.rents: Floats = np.array([data.machine_grams(p) for p in range(len(options))])
        else:
            rate = data.instance.rate_per_s or 1.0
            self.rents = np.array([option.rent_per_s for option in options]) / rate / data.dollar
        busy = sum(self.by_tier.values(), np.zeros(len(data.runners)))
        option = np.array([runner.option for runner in data.runners], dtype=np.int64)
        self.on: Floats = busy * self.rents[option] if self.emit else 0.0 * busy


def _by_tier(data: Data) -> dict[int, Floats]:
    instance = data.instance
    if instance.accounting != "reserved" or instance.rate_per_s is None:
        return {}
    per_worker = instance.rate_per_s * data.second / instance.utilisation_cap
    each = np.array([per_worker / instance.options[runner.option].workers for runner in data.runners])
    tier = np.array(data.tier)
    return {k: np.where(tier == k, each, 0.0) for k, own in enumerate(instance.tiers) if own.kind != "function"}
