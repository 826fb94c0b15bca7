"""The answer for a fleet: a plan for each service, what they cost together, what more of what is shared would buy.

The classes here are the document that `fleet --json` prints (`Fleet`), field by field.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field

from serflow_opt.ground.document import Answer, Document
from serflow_opt.plan.certificate import Certificate
from serflow_opt.plan.document import Plan, PlanStatus, runs_on

if TYPE_CHECKING:
    import pandas as pd

WORDS = {"cost": "cost", "latency": "mean latency", "energy": "power", "privacy": "mean leak"}


class ShadowPrice(Document):
    """What a unit more of something shared buys, by the multipliers of the bound: near the optimum, not a promise."""

    saves: float = Field(description="of what is minimised, in its unit, for a dollar an hour or a machine more")

    @classmethod
    def of(cls, price: float, shown: float) -> ShadowPrice:
        """Return the worth of a price in internal units."""
        return cls(saves=price * shown)


class SharedMachines(Document):
    """Machines of a type that the services share."""

    type: str
    most: int
    used: int
    worth: ShadowPrice | None


class ServicePlan(Document):
    """The plan of one service."""

    instance: str
    rate_per_s: float
    weight: float = Field(description="times the plan's own value it is what the service adds")
    adds: float = Field(description="to the fleet's objective, in its unit")
    usd_per_hour: float
    plan: Plan


class FleetCertificate(Certificate):
    """Why the answer can be trusted."""

    lagrangian_bound: float | None
    rounds: int = Field(description="rounds of prices")
    plans: int = Field(description="plans of single services that were known in the end")
    searches: int = Field(description="exact searches for plans of single services")
    method: str


class Fleet(Answer):
    """The answer to several services that share something."""

    status: PlanStatus
    minimize: str
    value: float | None
    unit: str
    bound: float | None = Field(description="no plans of all services within what is shared are better")
    gap: float | None
    seconds: float
    usd_per_hour: float | None = Field(description="of all services")
    budget_usd_per_hour: float | None
    dollar: ShadowPrice | None = Field(description="what a dollar an hour more would save")
    machines: list[SharedMachines]
    services: list[ServicePlan]
    certificate: FleetCertificate
    because: list[str] = Field(default=[], description="why there are no plans")

    @property
    def plans(self) -> list[Plan]:
        """The plans, in the order of the instances; empty without."""
        return [own.plan for own in self.services]

    def to_dict(self) -> dict[str, Any]:
        """Return the document that `fleet --json` prints."""
        document = self.model_dump(mode="json", exclude={"services"})
        rows = [own.model_dump(mode="json", exclude={"plan"}) | {"plan": own.plan.to_dict()} for own in self.services]
        return document | {"services": rows}

    def to_frame(self) -> pd.DataFrame:
        """Return one row a service: rate, cost an hour, latencies (ms), accuracy, machines, where stages run."""
        import pandas as pd

        return pd.DataFrame([row(own) for own in self.services])

    def rows(self) -> list[dict[str, Any]]:
        """Return one row a service, by column, as `to_frame` has them."""
        return [row(own) for own in self.services]

    def words(self) -> list[str]:
        """Say what more of what is shared would buy, and what less would cost."""
        lines = []
        what = WORDS[self.minimize]
        if self.dollar is not None and self.budget_usd_per_hour is not None:
            lines.append(_worth("a dollar an hour more", self.dollar, what, self.unit))
        for pool in self.machines:
            if pool.worth is not None:
                lines.append(_worth(f"one more {pool.type}", pool.worth, what, self.unit))
        return lines

    def _said(self) -> str:
        reached = "" if self.value is None else f", {WORDS[self.minimize]} {self.value:.6g} {self.unit}"
        return f"of {len(self.services)} services: {self.status}{reached}"


def row(own: ServicePlan) -> dict[str, Any]:
    """Return a service as a row of a table."""
    metrics = own.plan.metrics
    assert metrics is not None
    return {
        "instance": own.instance,
        "rate_per_s": own.rate_per_s,
        "usd_per_hour": own.usd_per_hour,
        "adds": own.adds,
        "latency_ms": metrics.latency_ms(str(own.plan.limits["latency_measure"])),
        "latency_measure": own.plan.limits["latency_measure"],
        "accuracy": metrics.accuracy,
        "machines": " ".join(f"{m.count} x {m.option}" for m in metrics.machines if m.count),
        "runs_on": runs_on(own.plan),
    }


def _worth(more: str, worth: ShadowPrice, what: str, unit: str) -> str:
    if worth.saves <= 0:
        return f"{more} buys nothing: there is enough"
    return f"{more} takes about {worth.saves:.3g} {unit} off the {what} (by the multipliers, near this optimum)"
