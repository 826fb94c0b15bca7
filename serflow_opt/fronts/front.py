"""A front: plans none of which is beaten in every objective by another, and what is known about those that are missing.

The classes here are the document that `pareto --json` prints (`Front`), field by field.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from serflow_opt.ground.display import named
from serflow_opt.ground.document import Answer
from serflow_opt.plan.certificate import Certificate, largest_breach
from serflow_opt.plan.document import Plan, runs_on
from serflow_opt.problem.kinds import Objective

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

KINDS = {
    "plane": "plotting.front:plot_front",
    "space": "plotting.front3d:plot_front_3d",
    "parallel": "plotting.parallel:plot_parallel",
}
"""What draws a front in which way."""


@dataclass(frozen=True, slots=True)
class FrontProgress:
    """A moment of the search: seconds since the start, what is going on, plans known, gap (None: unknown)."""

    seconds: float
    doing: str
    plans: int
    gap: float | None


class Front(Answer):
    """Undominated plans in the order of the first objective, and whether they are all there are."""

    instance: str
    objectives: list[Objective]
    latency_measure: str
    plans: list[Plan]
    complete: bool = Field(description="whether no undominated plan is missing; plans that tie appear once")
    coverage: float | None = Field(
        description="each plan there is has one here that is at most this much worse, relative, in every objective; "
        "0: complete; None: unknown"
    )
    hypervolume: float | None = Field(
        description="share, dominated by the front, of the box from the best values there could be to the worst of the "
        "front; None: unknown, or all plans agree in some objective"
    )
    hypervolume_bound: float | None = Field(description="share of the same box that no front can exceed")
    method: str
    seconds: float
    counts: dict[str, int]
    scope: str = Field(default="", description="what the proof is of, where that is narrower than the question")

    @property
    def points(self) -> list[tuple[float, ...]]:
        """The objectives of each plan: USD per request, ms, loss, J, share of right answers."""
        return [tuple(self._value(plan, name) for name in self.objectives) for plan in self.plans]

    @property
    def certificate(self) -> Certificate:
        """Why it can be trusted as a whole; each of its plans has its own."""
        worst = largest_breach(self.plans)
        return Certificate(
            exact_objective=None,
            max_constraint_violation=worst,
            method=self.method,
            scope=self.scope,
            counts=self.counts,
        )

    def _value(self, plan: Plan, name: str) -> float:
        assert plan.metrics is not None
        worst = None if plan.robustness is None else plan.robustness.of(name)
        if worst is not None:
            return worst
        value = plan.metrics.objective(name, self.latency_measure)
        return {"latency": 1000.0, "accuracy": -1.0}.get(name, 1.0) * value

    @property
    def columns(self) -> list[str]:
        """The objectives' names with their units, as the metrics of a plan call them."""
        names = {
            "cost": "cost_usd_per_request",
            "latency": f"latency_{self.latency_measure}_ms",
            "accuracy": "accuracy",
            "privacy": "privacy_loss",
            "energy": "energy_j_per_request",
            "carbon": "carbon_g_per_request",
        }
        return [names[name] for name in self.objectives]

    def to_dict(self) -> dict[str, Any]:
        """Return the document that `pareto --json` prints."""
        return self.model_dump(mode="json", exclude={"plans"}) | {"plans": [plan.to_dict() for plan in self.plans]}

    def to_frame(self) -> pd.DataFrame:
        """Return one row a plan: the objectives, the other metrics, where stages run and when requests leave."""
        import pandas as pd

        rows = []
        for plan, point in zip(self.plans, self.points, strict=True):
            metrics = plan.metrics
            assert metrics is not None
            row: dict[str, Any] = dict(zip(self.columns, point, strict=True))
            if plan.robustness is not None:
                row["believed_cost_usd_per_request"] = metrics.cost_usd_per_request
                row["believed_latency_ms"] = metrics.latency_ms(self.latency_measure)
                row["worst_case"] = plan.robustness.worst_case
            row.setdefault("cost_usd_per_request", metrics.cost_usd_per_request)
            row.setdefault("latency_worst_ms", metrics.latency_worst_ms)
            row.setdefault("latency_mean_ms", metrics.latency_mean_ms)
            row.setdefault("accuracy", metrics.accuracy)
            row.setdefault("privacy_loss", metrics.privacy_loss)
            row.setdefault("energy_j_per_request", metrics.energy_j_per_request)
            if metrics.carbon_g_per_request is not None:
                row.setdefault("carbon_g_per_request", metrics.carbon_g_per_request)
            row["runs_on"] = runs_on(plan)
            row["thresholds"] = " ".join(
                f"{c.stage}:{c.threshold:.6g}" for c in plan.thresholds if c.threshold is not None
            )
            row["handovers"] = " ".join(
                f"{h.before_stage}:{h.compression}+{h.protection}{f' {h.scale:g}' if h.scale else ''}"
                for h in (plan.plan.handovers if plan.plan else [])
            )
            row["variants"] = " ".join(
                f"{v.stages[0]}-{v.stages[1]}:{v.variant}" for v in (plan.plan.variants if plan.plan else [])
            )
            rows.append(row)
        return pd.DataFrame(rows, columns=None if rows else [*self.columns, "runs_on", "thresholds"])

    def plot(self, ax: Axes | None = None, kind: Literal["plane", "space", "parallel"] = "plane") -> Axes:
        """Draw the front.

        plane: the first two objectives, a third told by colour; space: three objectives; parallel: an axis for each.
        """
        axes: Axes = named(KINDS[kind])(self, ax)
        return axes

    def _said(self) -> str:
        size = f"{len(self.plans):,} plan{'' if len(self.plans) == 1 else 's'}"
        return f"{self.instance}: {size} by {' and '.join(self.objectives)}, {verdict(self)[0]}"


def verdict(front: Front) -> tuple[str, str]:
    """Say what is proven of a front, and in which style."""
    if front.complete:
        return ("the complete front", "bold green") if front.plans else ("no plan keeps the limits", "bold red")
    if front.coverage is None:
        return "not complete: stopped at a limit", "bold yellow"
    return f"every plan of the front covered within {front.coverage:.3g}", "bold green"
