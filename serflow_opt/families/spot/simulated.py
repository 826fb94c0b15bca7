"""What comes of running a pool, beside its plan."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from serflow_opt.families.simulated import SimulatedFigure
from serflow_opt.ground.document import Answer


class PoolSimulated(Answer):
    """A simulated pool beside its plan, as `simulate --json` prints it."""

    kind: str
    instance: str
    days: float
    seed: int
    figures: list[SimulatedFigure]
    shortages: int = Field(description="times that fewer than enough were up")
    shortage_mean_s: float
    shortage_longest_s: float
    requests: int = Field(description="drawn one by one, in shortages and until their backlogs were served")
    plan: dict[str, Any]
    trace: str = Field(default="", description="the market that it was held in; empty: zones and machines were drawn")

    def to_dict(self) -> dict[str, Any]:
        """Return the document."""
        return self.model_dump(mode="json")

    def _said(self) -> str:
        return f"{self.instance}: {self.days:,.0f} days, {self.shortages:,} shortages"
