"""What answers say of a plan where things may turn out otherwise: the believed, expected and worst value, case by case.

>>> CaseReport(case="as believed", cost_usd_per_request=1e-6, latency_ms=10, accuracy=0.9, keeps_limits=True).case
'as believed'
"""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from serflow_opt.ground.document import Document


class CaseReport(Document):
    """A plan in one case."""

    case: str = Field(description="what deviates, or the scenario's name")
    probability: float | None = Field(default=None, description="None: what an adversary does")
    cost_usd_per_request: float
    latency_ms: float = Field(description="in the measure asked for")
    accuracy: float | None
    keeps_limits: bool


class Robustness(Document):
    """A plan over all cases; values of the objective in its unit, as the plan's own."""

    goal: str = Field(description="worst, believed, expected or cvar: what is minimised")
    budget: int | None = Field(default=None, description="parts that deviate at once, at most; None: scenarios")
    believed: float
    expected: float | None = Field(default=None, description="None: a budget has no probabilities")
    worst: float
    worst_case: str
    worst_cost_usd_per_request: float
    worst_latency_ms: float
    worst_accuracy: float | None
    cases: Sequence[CaseReport] = Field(description="within a budget those that are worst in something; else all")

    def of(self, name: str) -> float | None:
        """Return the worst of an objective as fronts have it: USD, ms, share of right answers; None: it is not told."""
        known = {
            "cost": self.worst_cost_usd_per_request,
            "latency": self.worst_latency_ms,
            "accuracy": self.worst_accuracy,
        }
        return known.get(name)
