"""A schedule of machines, its certificate, and how it reads as a table."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from serflow_opt.ground.gaps import relative_gap
from serflow_opt.ground.kept import Kept
from serflow_opt.ground.tolerances import TOLERANCE
from serflow_opt.plan.certificate import Certificate
from serflow_opt.traffic.demand.trace import Trace
from serflow_opt.traffic.schedule.evaluate import Rental, billed_s, usable_capacity
from serflow_opt.traffic.service import Service

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class BlockSchedule:
    """The schedule of one block.

    Attributes
    ----------
    block
        Its position.
    rentals
        Machines, by the moment of their order.
    usd, bound
        What it costs, exactly, and what no schedule is below.
    method
        How it was found and proven.
    dropped
        Types left out, and for each one that is never worse.
    checked_bound
        What no schedule is below whatever a solver says.
    """

    block: int
    rentals: tuple[Rental, ...]
    usd: float
    bound: float
    usd_machines: float
    usd_functions: float
    function_requests: float
    method: str
    dropped: dict[str, str]
    checked_bound: float = 0.0

    @property
    def gap(self) -> float:
        """How far the bound is below, relative."""
        return relative_gap(self.usd, self.bound)

    def to_dict(self) -> dict[str, Any]:
        """Return it as a JSON document."""
        return {
            "block": self.block,
            "rentals": [[own.machine, own.from_s, own.to_s] for own in self.rentals],
            "usd": self.usd,
            "bound": self.bound,
            "checked_bound": self.checked_bound,
            "gap": self.gap,
            "usd_machines": self.usd_machines,
            "usd_functions": self.usd_functions,
            "function_requests": self.function_requests,
            "method": self.method,
            "dropped": dict(self.dropped),
        }


@dataclass(frozen=True, slots=True, repr=False)
class Schedule(Kept):
    """When which machines are rented over a trace that is known in advance.

    Attributes
    ----------
    usd, bound
        What it costs, exactly, and what no schedule of its `scope` is below.
    status
        optimal: within the gap asked for; feasible: not proven to be.
    seconds
        How long it took to find.
    alone
        How batches are served, or that requests were served one by one, where they are on offer.
    """

    service: Service = field(repr=False)
    trace: Trace = field(repr=False)
    step_s: float
    utilisation_cap: float
    status: Literal["optimal", "feasible"]
    blocks: tuple[BlockSchedule, ...] = field(repr=False)
    seconds: float
    alone: str = ""

    @property
    def usd(self) -> float:
        """What it costs."""
        return math.fsum(block.usd for block in self.blocks)

    @property
    def bound(self) -> float:
        """What no schedule is below."""
        return math.fsum(block.bound for block in self.blocks)

    @property
    def checked_bound(self) -> float:
        """What no schedule is below whatever a solver says."""
        return math.fsum(block.checked_bound for block in self.blocks)

    @property
    def gap(self) -> float:
        """How far the bound is below, relative."""
        return relative_gap(self.usd, self.bound)

    @property
    def method(self) -> str:
        """How it was found and proven, of all blocks."""
        return "; ".join(dict.fromkeys(block.method for block in self.blocks))

    @property
    def scope(self) -> str:
        """Of what the bound is, which is narrower than what could be done."""
        own = (
            f"schedules that order and stop machines at multiples of {self.step_s:,.10g} s, and serve a fluid of "
            "requests as it comes"
        )
        return "; ".join(filter(None, (own, self.alone)))

    @property
    def certificate(self) -> Certificate:
        """Why it can be trusted, in USD."""
        return Certificate(
            exact_objective=self.usd, method=self.method, scope=self.scope, checked_bound=self.checked_bound
        )

    @property
    def usd_machines(self) -> float:
        """Rent."""
        return math.fsum(block.usd_machines for block in self.blocks)

    @property
    def usd_functions(self) -> float:
        """What functions cost."""
        return math.fsum(block.usd_functions for block in self.blocks)

    @property
    def function_requests(self) -> float:
        """Entries of requests into blocks that functions serve."""
        return math.fsum(block.function_requests for block in self.blocks)

    def _said(self) -> str:
        return f"{self.service.name}, {self.trace.name}: {self.status}, {self.usd:.6g} USD"

    def to_dict(self) -> dict[str, Any]:
        """Return the document that `scale --json` prints; `save` keeps the whole."""
        return {
            "service": self.service.name,
            "trace": self.trace.name,
            "step_s": self.step_s,
            "utilisation_cap": self.utilisation_cap,
            "status": self.status,
            "usd": self.usd,
            "bound": self.bound,
            "checked_bound": self.checked_bound,
            "gap": self.gap,
            "usd_machines": self.usd_machines,
            "usd_functions": self.usd_functions,
            "function_requests": self.function_requests,
            "method": self.method,
            "scope": self.scope,
            "seconds": self.seconds,
            "blocks": [block.to_dict() for block in self.blocks],
        }

    def to_frame(self, period_s: float | None = None) -> pd.DataFrame:
        """Return a table with a row a period and block.

        Columns: start_s, block, demand (requests), one a machine type (rented, mean over the period), capacity
        (requests that usable machines could serve), function_requests, usd_machines, usd_functions. Rent is counted
        when it falls due; what least billing adds, with the order; what is paid before second 0, in the first row.

        Parameters
        ----------
        period_s
            Length of a row; None: a step.
        """
        import pandas as pd

        row = period_s or self.step_s
        edges = np.append(np.arange(math.ceil(self.trace.seconds / row - TOLERANCE)) * row, self.trace.seconds)
        tables = []
        names = list(dict.fromkeys(machine.name for block in self.service.blocks for machine in block.machines))
        for own in self.blocks:
            columns = _rows(self, own, edges)
            table = {"start_s": edges[:-1], "block": own.block, "demand": columns.pop("demand")}
            table |= {name: columns.pop(f"machine {name}", np.zeros(len(edges) - 1)) for name in names}
            tables.append(pd.DataFrame(table | columns))
        return pd.concat(tables).sort_values(["start_s", "block"], kind="stable", ignore_index=True)


def _rows(schedule: Schedule, own: BlockSchedule, edges: NDArray[np.float64]) -> dict[str, Any]:
    """Columns of a block's rows."""
    service, trace, b = schedule.service, schedule.trace, own.block
    times, capacity = usable_capacity(service, b, trace, own.rentals, schedule.utilisation_cap)
    cells = np.union1d(times, edges)
    middle, length = (cells[1:] + cells[:-1]) / 2, np.diff(cells)
    can = capacity[np.searchsorted(times, middle, side="right") - 1]
    period = np.minimum((middle / trace.period_s).astype(np.int64), len(trace.counts) - 1)
    demand = np.asarray(trace.counts[period] * (service.reach(b) / trace.period_s), dtype=float)
    row = np.searchsorted(edges, middle, side="right") - 1

    def by_row(amounts: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(np.bincount(row, amounts * length, minlength=len(edges) - 1), dtype=float)

    over = by_row(np.maximum(demand - can, 0.0))
    price = service.function_usd(b)
    columns: dict[str, Any] = {
        "demand": by_row(demand),
        "capacity": by_row(can),
        "function_requests": over,
        "usd_machines": np.zeros(len(edges) - 1),
        "usd_functions": over * price if math.isfinite(price) else np.zeros(len(edges) - 1),
    }
    for machine in service.blocks[b].machines:
        rented = np.zeros(len(edges) - 1)
        for rental in own.rentals:
            if rental.machine != machine.name:
                continue
            inside = np.clip(np.minimum(edges[1:], rental.to_s) - np.maximum(edges[:-1], rental.from_s), 0.0, None)
            rented += inside
            first = int(np.clip(np.searchsorted(edges, rental.from_s, side="right") - 1, 0, len(edges) - 2))
            rest = billed_s(machine, rental) - float(inside.sum())
            columns["usd_machines"] += machine.usd_per_s * inside
            columns["usd_machines"][first] += machine.usd_per_s * rest
        columns[f"machine {machine.name}"] = rented / np.diff(edges)
    if not math.isfinite(price):
        columns["function_requests"] = np.zeros(len(edges) - 1)
    return columns
