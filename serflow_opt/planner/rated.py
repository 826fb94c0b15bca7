"""What a plan costs by the rate, from what the exact evaluator says of it at one rate.

Machines are rented whole (accounting reserved): a type that is kept busy by `load` of a machine's time for each request
a second takes n(rate) = ceil(rate load / cap) machines. All else is paid by the request. Nothing else of a plan
depends on the rate.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from serflow_opt.ground.arrays import Floats
from serflow_opt.ground.tolerances import TOLERANCE
from serflow_opt.plan.document import Metrics

HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Rated:
    """What a plan pays.

    Attributes
    ----------
    rents, loads
        By type of machine: USD an hour, and machines kept busy for each request a second, fractional, filled to the
        utilisation cap.
    per_request
        USD for all else.
    """

    rents: tuple[float, ...]
    loads: tuple[float, ...]
    per_request: float

    @classmethod
    def of(cls, metrics: Metrics, rate_per_s: float, cap: float) -> Rated:
        """Return the terms of a plan valued at a rate.

        Parameters
        ----------
        metrics
            Of the plan at `rate_per_s`, machines rented whole.
        rate_per_s
            Requests a second, more than 0.
        cap
            Share of a machine's time that may be used, η.
        """
        used = [own for own in metrics.machines if own.count]
        rent = math.fsum(own.usd_per_hour for own in used)
        return cls(
            tuple(own.usd_per_hour / own.count for own in used),
            tuple(own.utilisation * own.count / rate_per_s / cap for own in used),
            metrics.cost_usd_per_request - rent / HOUR / rate_per_s,
        )

    def counts(self, rates: Floats | float) -> list[Floats]:
        """Return how many machines of each type the rates take."""
        return [np.ceil(np.asarray(rates) * load * (1 - TOLERANCE)) for load in self.loads]

    def usd_per_hour(self, rates: Floats) -> Floats:
        """Return what the plan costs an hour at each rate."""
        total: Floats = rates * (self.per_request * HOUR)
        for rent, count in zip(self.rents, self.counts(rates), strict=True):
            total = total + rent * count
        return total


def metrics_at(metrics: Metrics, known_per_s: float, rate_per_s: float, cap: float) -> Metrics:
    """Return what a plan valued at one rate achieves at another.

    Parameters
    ----------
    metrics
        Of the plan at `known_per_s`.
    known_per_s, rate_per_s
        Requests a second, both more than 0.
    cap
        Share of a machine's time that may be used, η.

    Returns
    -------
    Metrics
        The same where the plan has no cost an hour; else with the machines and costs of the other rate.
    """
    if metrics.cost_usd_per_hour is None or rate_per_s == known_per_s:
        return metrics
    terms = Rated.of(metrics, known_per_s, cap)
    counts = iter(terms.counts(rate_per_s))
    machines: list[Any] = []
    for own in metrics.machines:
        count = int(next(counts)) if own.count else 0
        busy = own.utilisation * own.count * rate_per_s / known_per_s
        machines.append(
            own.model_copy(
                update={
                    "count": count,
                    "utilisation": busy / count if count else 0.0,
                    "usd_per_hour": own.usd_per_hour / own.count * count if own.count else 0.0,
                }
            )
        )
    rent = math.fsum(own.usd_per_hour for own in machines)
    each = rent / HOUR / rate_per_s + terms.per_request
    return metrics.model_copy(
        update={
            "machines": machines,
            "cost_usd_per_request": each,
            "cost_usd_per_hour": each * rate_per_s * HOUR,
        }
    )
