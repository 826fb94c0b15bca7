"""The best plan for every rate or every latency bound of a range, as a table; `mapping.py` makes it."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field

from serflow_opt.errors import InputError, Problem
from serflow_opt.ground.arguments import as_number, shown
from serflow_opt.ground.display import Displayed, named
from serflow_opt.ground.document import Document, validated
from serflow_opt.ground.tolerances import EQUAL
from serflow_opt.plan.document import Plan
from serflow_opt.planner.rated import metrics_at

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


Axis = Literal["rate_per_s", "latency_slo_ms"]


@dataclass(frozen=True, slots=True)
class Piece:
    """An interval and its plan.

    Attributes
    ----------
    low, high
        In the units of the axis.
    plan
        Valued at the end where that is hardest; it serves all of the interval. None: there is no plan, or, with an
        infinite gap, time ran out before one was found.
    gap
        No plan anywhere in the interval is better by more than this, relative. Ends are exact to `mapping.NARROW`,
        relative: within that of a step the gap is not that of the piece.
    """

    low: float
    high: float
    plan: Plan | None
    gap: float


class _Piece(Document):
    low: float = Field(gt=0, allow_inf_nan=False)
    high: float = Field(gt=0, allow_inf_nan=False)
    gap: float | None = Field(ge=0)
    plan: Plan | None


class _Map(Document):
    """A policy as files have it."""

    instance: str
    axis: Axis
    pieces: list[_Piece] = Field(min_length=1)
    tolerance: float = Field(ge=0)
    utilisation_cap: float = Field(gt=0)


@dataclass(frozen=True, repr=False)
class Policy(Displayed):
    """A map from the rate or the latency bound to the plan.

    Attributes
    ----------
    instance
        Name.
    axis
        rate_per_s or latency_slo_ms.
    pieces
        By the axis, without holes.
    tolerance
        What a plan may miss, relative, as it was asked for.
    utilisation_cap
        Of the instance.
    """

    instance: str
    axis: Axis
    pieces: tuple[Piece, ...]
    tolerance: float = 0.0
    utilisation_cap: float = 1.0

    @cached_property
    def _highs(self) -> list[float]:
        return [piece.high for piece in self.pieces]

    def at(self, value: float) -> Plan | None:
        """Return the plan at a rate or a latency bound, valued there; None where there is none.

        Money and machines are those of the plan at the rate asked: fewer machines where fewer do. What it promises is
        that no plan is better by more than the gap of its piece.

        Raises
        ------
        InputError
            Outside the range of the map.
        """
        piece, value = self.piece(value), float(value)
        plan = piece.plan
        if plan is None or plan.objective.value is None:
            return None
        metrics, best, exact = plan.metrics, plan.objective, plan.objective.value
        known = plan.limits.get("rate_per_s")
        if self.axis == "rate_per_s" and metrics is not None and isinstance(known, (int, float)):
            metrics = metrics_at(metrics, known, value, self.utilisation_cap)
            exact = metrics.cost_usd_per_request if best.name == "cost" else exact
        return plan.model_copy(
            update={
                "metrics": metrics,
                "limits": {**plan.limits, self.axis: value},
                "objective": best.model_copy(update={"value": exact}),
                "bound": exact - piece.gap * abs(exact),
                "gap": piece.gap,
                "status": "optimal" if piece.gap <= max(self.tolerance, EQUAL) else "feasible",
                "certificate": plan.certificate.model_copy(
                    update={"exact_objective": exact, "model_objective": None, "checked_bound": None}
                ),
            }
        )

    def piece(self, value: float) -> Piece:
        """Return the piece that holds a value, as `at`."""
        if not self.pieces[0].low <= as_number(value) <= self._highs[-1]:
            cure = f"the map holds {self.pieces[0].low:g} to {self._highs[-1]:g}"
            raise InputError([Problem("", self.axis, shown(value), cure)])
        return self.pieces[bisect_left(self._highs, value)]

    @property
    def breakpoints(self) -> list[float]:
        """Where one plan gives way to the next."""
        return self._highs[:-1]

    @property
    def gap(self) -> float:
        """The largest gap of a piece."""
        return max((piece.gap for piece in self.pieces), default=0.0)

    def to_dict(self) -> dict[str, Any]:
        """Return the map as a JSON document."""
        pieces = [
            {
                "low": p.low,
                "high": p.high,
                "gap": p.gap if math.isfinite(p.gap) else None,
                "plan": None if p.plan is None else p.plan.to_dict(),
            }
            for p in self.pieces
        ]
        return {
            "instance": self.instance,
            "axis": self.axis,
            "tolerance": self.tolerance,
            "utilisation_cap": self.utilisation_cap,
            "pieces": pieces,
        }

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Self:
        """Return the map a document is of.

        Raises
        ------
        InputError
            For a document of something else.
        """
        read = validated(_Map, document, "give what Policy.save wrote")
        ends = [end for piece in read.pieces for end in (piece.low, piece.high)]
        if ends != sorted(ends) or any(a != b for a, b in zip(ends[1::2], ends[2::2], strict=False)):
            found = "they do not follow each other"
            raise InputError([Problem("", "pieces", found, "give what Policy.save wrote, as it was")])
        pieces = (Piece(p.low, p.high, p.plan, math.inf if p.gap is None else p.gap) for p in read.pieces)
        return cls(read.instance, read.axis, tuple(pieces), read.tolerance, read.utilisation_cap)

    def to_frame(self) -> pd.DataFrame:
        """Return a table, a row a piece: ends, value, gap, placement, thresholds."""
        import pandas as pd

        return pd.DataFrame([
            {
                "low": piece.low,
                "high": piece.high,
                "value": None if piece.plan is None else piece.plan.objective.value,
                "unit": None if piece.plan is None else piece.plan.objective.unit,
                "gap": piece.gap,
                "placement": words(piece.plan),
            }
            for piece in self.pieces
        ])  # fmt: skip

    def _said(self) -> str:
        low, high = self.pieces[0].low, self.pieces[-1].high
        return f"{self.instance}: {len(self.pieces)} pieces over {self.axis} {low:g} to {high:g}"

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the value of the plan over the axis."""
        axes: Axes = named("plotting.policy:plot_policy")(self, ax)
        return axes


def words(plan: Plan | None) -> str:
    """The runs of a plan: option and stages."""
    if plan is None or plan.plan is None:
        return "no plan"
    runs: list[list[Any]] = []
    for place in plan.plan.placement:
        if runs and runs[-1][0] == place.option:
            runs[-1][2] = place.stage
        else:
            runs.append([place.option, place.stage, place.stage])
    return ", ".join(f"{option} {first}-{last}" for option, first, last in runs)
