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
from serflow_opt.traffic.schedule.emitted import MONEY, CarbonPrice, evaluate_emitted
from serflow_opt.traffic.schedule.evaluate import Rental, billed_s, usable_capacity
from serflow_opt.traffic.schedule.levels import Demand
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
    carbon_g
        Grams of CO2e of machines that are on, of their work, and of functions; empty: not counted.
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
    carbon_g: dict[str, float] = field(default_factory=dict)

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
            **({"carbon_g": dict(self.carbon_g)} if self.carbon_g else {}),
        }


@dataclass(frozen=True, slots=True)
class CarbonAnswer:
    """What a schedule was asked about carbon, and what is proven of that.

    Attributes
    ----------
    least, usd_per_tonne, max_g
        As of `CarbonTerms`: what is minimised, the price of carbon in it, the most grams of a request.
    deferrable, defer_s
        Share of the requests that may wait, and how long; 0: none.
    value, bound, checked_bound
        Of what is minimised: USD, with carbon at its price, or grams.
    price
        By which it is decided at each moment who serves.
    served
        Requests a second, where some may wait.
    """

    least: str
    usd_per_tonne: float
    max_g: float | None
    deferrable: float
    defer_s: float
    value: float
    bound: float
    checked_bound: float
    price: CarbonPrice
    served: Demand | None = None

    @property
    def unit(self) -> str:
        """Of the value."""
        return "g" if self.least == "carbon" else "USD"

    @property
    def words(self) -> str:
        """What is minimised."""
        if self.least == "carbon":
            what = "carbon"
        else:
            what = f"money with carbon at {self.usd_per_tonne:g} USD a tonne" if self.usd_per_tonne else "money"
        within = "" if self.max_g is None else f", at most {self.max_g * 1e6:.6g} g a million requests"
        waits = f", {self.deferrable:.0%} may wait up to {self.defer_s / 3600:.4g} h" if self.deferrable else ""
        return what + within + waits

    def to_dict(self) -> dict[str, Any]:
        """Return it as a JSON document."""
        own = ("least", "usd_per_tonne", "max_g", "deferrable", "defer_s", "value", "bound", "checked_bound")
        return {name: getattr(self, name) for name in own} | {"unit": self.unit}


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
    asked
        Of carbon; None: money is minimised as requests come.
    """

    service: Service = field(repr=False)
    trace: Trace = field(repr=False)
    step_s: float
    utilisation_cap: float
    status: Literal["optimal", "feasible"]
    blocks: tuple[BlockSchedule, ...] = field(repr=False)
    seconds: float
    alone: str = ""
    asked: CarbonAnswer | None = None

    @property
    def carbon_g(self) -> dict[str, float]:
        """Grams of CO2e by what emits them; empty: not counted."""
        names = self.blocks[0].carbon_g if self.blocks else {}
        return {name: math.fsum(block.carbon_g[name] for block in self.blocks) for name in names}

    @property
    def value(self) -> float:
        """What is minimised: money, unless something else was asked."""
        return self.usd if self.asked is None else self.asked.value

    @property
    def usd(self) -> float:
        """What it costs."""
        return math.fsum(block.usd for block in self.blocks)

    @property
    def bound(self) -> float:
        """What no schedule's value is below."""
        return math.fsum(block.bound for block in self.blocks) if self.asked is None else self.asked.bound

    @property
    def checked_bound(self) -> float:
        """What no schedule's value is below whatever a solver says."""
        if self.asked is not None:
            return self.asked.checked_bound
        return math.fsum(block.checked_bound for block in self.blocks)

    @property
    def gap(self) -> float:
        """How far the bound is below, relative."""
        return relative_gap(self.value, self.bound)

    @property
    def method(self) -> str:
        """How it was found and proven, of all blocks."""
        return "; ".join(dict.fromkeys(block.method for block in self.blocks))

    @property
    def scope(self) -> str:
        """Of what the bound is, which is narrower than what could be done."""
        own = f"schedules that order and stop machines at multiples of {self.step_s:,.10g} s, and serve a fluid of " + (
            "requests as it comes" if self.asked is None or not self.asked.deferrable else "requests"
        )
        return "; ".join(filter(None, (own, self.alone)))

    @property
    def certificate(self) -> Certificate:
        """Why it can be trusted, in USD, or in grams where carbon is minimised."""
        return Certificate(
            exact_objective=self.value, method=self.method, scope=self.scope, checked_bound=self.checked_bound
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
            **({"carbon_g": self.carbon_g | {"total": math.fsum(self.carbon_g.values())}} if self.carbon_g else {}),
            **({"carbon_without": self.service.carbon_without} if self.service.carbon_without else {}),
            **({"asked": self.asked.to_dict()} if self.asked is not None else {}),
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
        Where carbon is counted: carbon_g, and served (requests), which differs from demand where some may wait.

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
    return columns | _emitted_rows(schedule, own, edges)


def _emitted_rows(schedule: Schedule, own: BlockSchedule, edges: NDArray[np.float64]) -> dict[str, Any]:
    """Columns that there are where carbon is counted, or requests may wait."""
    service, trace, b, asked = schedule.service, schedule.trace, own.block, schedule.asked
    if not own.carbon_g and asked is None:
        return {}
    price = MONEY if asked is None else asked.price
    periods = np.arange(len(trace.counts) + 1) * trace.period_s
    come = Demand(np.asarray(periods, float), np.asarray(trace.counts / trace.period_s, float))
    served = come if asked is None or asked.served is None else asked.served
    reach = service.reach(b)
    flows = Demand(served.edges, served.rates * reach)
    found = evaluate_emitted(service, b, flows, own.rentals, utilisation_cap=schedule.utilisation_cap, price=price)

    def by_row(at: NDArray[np.float64], amounts: NDArray[np.float64]) -> NDArray[np.float64]:
        """What lies between each two of some moments, evenly, by the rows it lies in."""
        return np.diff(np.interp(edges, at, np.concatenate([[0.0], np.cumsum(amounts)])))

    on = np.zeros(len(edges) - 1)
    types = {machine.name: machine for machine in service.blocks[b].machines}
    for rental in own.rentals:
        flow = types[rental.machine].on_carbon
        if flow is not None:
            starts, ends = np.maximum(edges[:-1], rental.from_s), np.minimum(edges[1:], rental.to_s)
            starts[0] = rental.from_s if rental.from_s < edges[1] else starts[0]
            on += flow.grams(starts, np.maximum(ends, starts))
    calls = by_row(found.edges, found.cell_calls)
    columns: dict[str, Any] = {"served": by_row(flows.edges, flows.rates * np.diff(flows.edges))}
    if asked is not None and math.isfinite(service.function_usd(b)):
        columns |= {"function_requests": calls, "usd_functions": calls * service.function_usd(b)}
    return columns | ({"carbon_g": on + by_row(found.edges, found.cell_g)} if own.carbon_g else {})
