"""What may be committed to, against what demand."""

from __future__ import annotations

from dataclasses import dataclass

from serflow_opt.ground.arrays import Floats

YEAR_H = 8760.0
"""Hours of the year that costs are told for."""


@dataclass(frozen=True, slots=True)
class CommitmentPlan:
    """Something to commit to.

    Attributes
    ----------
    name
        As in the file.
    months, upfront
        How long it is paid, and the share that is paid at the start.
    rates
        By position of what it covers: USD an hour of one of it under the plan.
    step
        USD an hour that it is bought by; 0: any amount.
    """

    name: str
    months: float
    upfront: float
    rates: dict[int, float]
    step: float


@dataclass(frozen=True, slots=True)
class Commitments:
    """A demand and the plans for it.

    Attributes
    ----------
    names, prices
        What is rented, K, and USD an hour of one on demand.
    hours
        How long each row of the demand lasts, T.
    demand
        How many are rented at once, T x K; no two rows are alike.
    plans
        Those that cover less stand first, as they are billed first.
    """

    names: tuple[str, ...]
    prices: tuple[float, ...]
    hours: Floats
    demand: Floats
    plans: tuple[CommitmentPlan, ...]
