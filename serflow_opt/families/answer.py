"""The answer to a problem of any family: what is decided, what that achieves, and what is proven about it."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from serflow_opt.ground.document import Answer, Document
from serflow_opt.plan.certificate import Certificate
from serflow_opt.plan.document import Breach, Clash, ObjectiveValue, PlanStatus


class Achieved(Document):
    """A quantity of a decision, in the unit shown."""

    name: str
    value: float
    unit: str = ""


class Solution(Answer):
    """The answer to a problem, as `solve --json` prints it."""

    kind: str
    instance: str
    status: PlanStatus
    objective: ObjectiveValue
    bound: float | None
    gap: float | None
    seconds: float
    plan: dict[str, Any] | None = Field(description="what is decided, as the family has it")
    metrics: list[Achieved] = Field(default=[], description="what that achieves, by the exact evaluation")
    breaches: list[Breach] = Field(default=[], description="limits a decision that was only valued breaks")
    certificate: Certificate
    limits: dict[str, float] = Field(default={}, description="by their keys in instance files")
    infeasible_because: list[Clash] = Field(default=[])
    notes: list[str] = Field(default=[])

    def achieved(self, name: str) -> float | None:
        """Return a quantity in the unit shown; None without a decision."""
        return next((own.value for own in self.metrics if own.name == name), None)

    def _said(self) -> str:
        value = self.objective.value
        reached = "" if value is None else f", {self.objective.name} {value:.6g} {self.objective.unit}".rstrip()
        return f"{self.instance}: {self.status}{reached}"
