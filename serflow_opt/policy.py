"""The best plan for every rate or every latency bound of a range, with proven limits on what that misses.

What the best plan costs only rises with the rate, and only falls with the latency bound: machines that serve more also
serve less, and a plan in time for a tight bound is in time for a looser one. So with proven optima at both ends of an
interval all optima between them are bounded. Where both ends agree, the plan is the same throughout, exactly. Where
they do not, the interval is halved (in proportion) until the plan of its safe end is within the tolerance of every
optimum in it, or the interval is too narrow to matter.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field

from serflow_opt.errors import InputError, Problem
from serflow_opt.plan import Document, Plan, shown_unit, validated
from serflow_opt.shown import Shown

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from rich.console import RenderableType

    from serflow_opt.planner import Planner

Axis = Literal["rate_per_s", "latency_slo_ms"]
NARROW = 1e-6
"""Intervals this narrow, relative, are not halved: the step between their ends lies in them."""
MOST = 10_000
"""Solves at most."""


@dataclass(frozen=True, slots=True)
class Piece:
    """An interval and its plan.

    Attributes
    ----------
    low, high
        In the units of the axis.
    plan
        Optimal at the end where that is hardest; it serves all of the interval. None: there is no plan.
    gap
        No plan anywhere in the interval is better by more than this, relative; 0: the plan is optimal throughout, to
        twice the planner's gap. Ends are exact to `NARROW`, relative: within that of a step the gap is not that of the
        piece.
    """

    low: float
    high: float
    plan: Plan | None
    gap: float


class _Piece(Document):
    low: float = Field(gt=0, allow_inf_nan=False)
    high: float = Field(gt=0, allow_inf_nan=False)
    gap: float = Field(ge=0)
    plan: Plan | None


class _Map(Document):
    """A policy as files have it."""

    instance: str
    axis: Axis
    pieces: list[_Piece] = Field(min_length=1)


@dataclass(frozen=True, repr=False)
class Policy(Shown):
    """A map from the rate or the latency bound to the plan.

    Attributes
    ----------
    instance
        Name.
    axis
        rate_per_s or latency_slo_ms.
    pieces
        By the axis, without holes.
    """

    instance: str
    axis: Axis
    pieces: tuple[Piece, ...]

    @cached_property
    def _highs(self) -> list[float]:
        return [piece.high for piece in self.pieces]

    def at(self, value: float) -> Plan | None:
        """Return the plan at a rate or a latency bound; None where there is none.

        Raises
        ------
        InputError
            Outside the range of the map.
        """
        return self.piece(value).plan

    def piece(self, value: float) -> Piece:
        """Return the piece that holds a value, as `at`."""
        if not self.pieces[0].low <= value <= self._highs[-1]:
            cure = f"the map holds {self.pieces[0].low:g} to {self._highs[-1]:g}"
            raise InputError([Problem("", self.axis, f"{value}", cure)])
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
                "gap": p.gap,
                "plan": None if p.plan is None else p.plan.to_dict(),
            }
            for p in self.pieces
        ]
        return {"instance": self.instance, "axis": self.axis, "pieces": pieces}

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
        return cls(read.instance, read.axis, tuple(Piece(p.low, p.high, p.plan, p.gap) for p in read.pieces))

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
                "placement": _words(piece.plan),
            }
            for piece in self.pieces
        ])  # fmt: skip

    def _said(self) -> str:
        low, high = self.pieces[0].low, self.pieces[-1].high
        return f"{self.instance}: {len(self.pieces)} pieces over {self.axis} {low:g} to {high:g}"

    def __rich__(self) -> RenderableType:
        """Return the table: a row a piece."""
        from rich.console import Group
        from rich.text import Text

        from serflow_opt.sheet import Sheet

        rows = []
        for piece in self.pieces:
            plan = piece.plan
            value = None if plan is None else plan.objective.value
            shown = "" if value is None or plan is None else f"{value:.6g} {plan.objective.unit}"
            rows.append((f"{piece.low:.6g}", f"{piece.high:.6g}", shown, f"{piece.gap:.2g}", _words(plan)))
        titles = ("from", "to", "value", "gap at most", "option and stages")
        table = Sheet(titles, rows, left=titles[-1:], folds=titles[-1:], keys=2)
        return Group(Text.assemble((self.instance, "bold"), f"  by {self.axis}"), table)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the value of the plan over the axis."""
        from serflow_opt.plotting.policy import plot_policy

        return plot_policy(self, ax)


def _words(plan: Plan | None) -> str:
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


def map_policy(
    planner: Planner,
    *,
    rate_per_s: tuple[float, float] | None = None,
    latency_slo_ms: tuple[float, float] | None = None,
    tolerance: float = 0.01,
    on_progress: Callable[[int, float], None] | None = None,
) -> Policy:
    """Compute the map.

    Parameters
    ----------
    planner
        Answers at single values.
    rate_per_s, latency_slo_ms
        The range of the one that varies.
    tolerance
        What a plan may miss within its piece, relative.
    on_progress
        Called with the solves done and the share of the range that is settled.

    Raises
    ------
    InputError
        Where not exactly one range is given, or it is not one of positive numbers.
    """
    given = {"rate_per_s": rate_per_s, "latency_slo_ms": latency_slo_ms}
    ranges = {axis: both for axis, both in given.items() if both is not None}
    if len(ranges) != 1:
        raise InputError([Problem("", "policy", f"{len(ranges)} ranges", "give rate_per_s or latency_slo_ms")])
    ((axis, (low, high)),) = ranges.items()
    if not 0 < low < high < math.inf:
        raise InputError([Problem("", axis, f"({low}, {high})", "give two positive numbers, the smaller first")])
    instance = planner.instance
    if instance.minimize == "weighted" or (axis == "rate_per_s" and instance.cost_max_usd is not None):
        found = "a weighted objective" if instance.minimize == "weighted" else "cost_max_usd beside a range of rates"
        cure = "what is best must rise with the rate and fall with the bound: take it out"
        raise InputError([Problem("", "policy", found, cure)])
    if not tolerance >= 0:
        raise InputError([Problem("", "tolerance", f"{tolerance}", "write a number of at least 0")])
    return _Search(planner, axis, tolerance, on_progress).over(low, high)  # type: ignore[arg-type]


class _Search:
    def __init__(
        self, planner: Planner, axis: Axis, tolerance: float, report: Callable[[int, float], None] | None
    ) -> None:
        self.planner, self.axis, self.tolerance, self.report = planner, axis, tolerance, report
        self.hourly = axis == "rate_per_s" and planner.instance.minimize == "cost"
        self.steady = axis == "rate_per_s" and planner.instance.accounting != "reserved"
        self.solves, self.width = 0, 1.0

    def over(self, low: float, high: float) -> Policy:
        self.width = math.log(high / low)
        if self.steady:  # a request costs the same at any rate
            return Policy(self.planner.instance.name, self.axis, (Piece(low, high, self._solve(low), 0.0),))
        done, pieces = 0.0, []
        todo = [(low, self._solve(low), high, self._solve(high))]
        while todo:
            a, at_a, b, at_b = todo.pop()
            piece = self._piece(a, at_a, b, at_b)
            if piece is None:
                middle = math.sqrt(a * b)
                between = self._solve(middle)
                todo += [(middle, between, b, at_b), (a, at_a, middle, between)]
                continue
            pieces.append(piece)
            done += math.log(b / a) / self.width
            if self.report is not None:
                self.report(self.solves, done)
        return Policy(self.planner.instance.name, self.axis, tuple(_joined(pieces, self.axis)))

    def _solve(self, value: float) -> Plan:
        self.solves += 1
        return self.planner.plan(**{self.axis: value}, explain=False)  # type: ignore[arg-type]

    def _worth(self, plan: Plan, value: float) -> float:
        """What only rises with the rate, and falls with the bound: the objective, money by the second."""
        worth = plan.objective.value
        if worth is None:
            return math.inf
        return worth * (value if self.hourly else 1.0) / shown_unit(plan.objective.name)[0]

    def _bound(self, plan: Plan, value: float) -> float:
        bound = plan.bound if plan.bound is not None else -math.inf
        return bound * (value if self.hourly else 1.0) / shown_unit(plan.objective.name)[0]

    def _piece(self, a: float, at_a: Plan, b: float, at_b: Plan) -> Piece | None:
        """Settle an interval, or not yet."""
        hard, hard_at, easy, easy_at = (at_b, b, at_a, a) if self.axis == "rate_per_s" else (at_a, a, at_b, b)
        over = self.solves >= MOST or math.log(b / a) <= NARROW
        if hard.objective.value is None:
            return Piece(a, b, None, 0.0) if easy.objective.value is None or over else None
        least, most = self._bound(easy, easy_at), self._worth(hard, hard_at)
        gap = (most - least) / abs(most) if most != least else 0.0
        same = gap <= 2 * self.planner.gap
        if math.log(b / a) <= NARROW or same:  # what is left is the planner's gap at both ends
            return Piece(a, b, hard, 0.0)
        return Piece(a, b, hard, gap) if gap <= self.tolerance or over else None


def _joined(pieces: list[Piece], axis: Axis) -> list[Piece]:
    """Put neighbours with the same plan together; it is the one at the end of all where it is hardest."""
    joined: list[Piece] = []
    for piece in pieces:
        last = joined[-1] if joined else None
        if last is not None and _same(last.plan, piece.plan):
            plan = piece.plan if axis == "rate_per_s" else last.plan
            joined[-1] = Piece(last.low, piece.high, plan, max(last.gap, piece.gap))
        else:
            joined.append(piece)
    return joined


def _same(one: Plan | None, other: Plan | None) -> bool:
    if one is None or other is None:
        return one is other
    counts = [[m.count for m in plan.metrics.machines] if plan.metrics else [] for plan in (one, other)]
    return one.plan == other.plan and counts[0] == counts[1]
