"""Time-shifting as a family of problems: `kind = "shifting"`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from serflow_opt.families.protocol import Built, Family, Goal, Quantity, Question
from serflow_opt.families.shifting.decide import decided, told
from serflow_opt.families.shifting.document import ShiftingTables
from serflow_opt.families.shifting.evaluate import value
from serflow_opt.families.shifting.problem import Shift
from serflow_opt.families.shifting.read import read
from serflow_opt.families.standard import FamilyFunctions, Standard

if TYPE_CHECKING:
    from serflow_opt.families.shifting.problem import ShiftingProblem

SCOPE = "demand and grids as the table has them, requests served evenly within each hour"


class Shifting(Standard):
    """When deferrable requests are served, and on how many machines, where the grid of each hour is known."""

    kind = "shifting"
    words = "when deferrable requests are served, and on how many machines, where the grid of each hour is known"
    document = ShiftingTables
    functions = FamilyFunctions(value, told, decided, read)
    quantities: Sequence[Quantity] = (
        Quantity("carbon", unit="g CO2e", limit="carbon_max_g"),
        Quantity("cost", unit="USD", limit="cost_max_usd"),
        Quantity("total", label="money and carbon", unit="USD", limit="total_max_usd"),
        Quantity("deferred", label="deferred", unit="of all requests"),
    )
    shared = "cost"
    own: Mapping[str, str] = {
        "layout": "families.shifting.report:plan_parts",
        "words": "families.shifting.report:plan_words",
        "plot": "families.shifting.plot:plot_shift",
    }

    def model(self, data: ShiftingProblem) -> tuple[Any, Mapping[str, Any]]:
        """Return machines, loads and what is moved, hour by hour."""
        from serflow_opt.formulations.shifting import HourlyMachine, shifting_model

        return shifting_model(
            data.demand,
            data.deferrable,
            [data.later(t) for t in range(len(data.demand))],
            [HourlyMachine(own.rate, own.usd_per_hour, own.most, own.on_g, own.busy_g) for own in data.machines],
            None if data.function_usd is None else (data.function_usd, data.function_g),
            data.usd_per_g,
        )

    def build(self, problem: Question, goal: Goal) -> Built:
        """Return the model; amounts are no binaries that could be cut off."""
        return replace(super().build(problem, goal), told=[], whole=False, scope=SCOPE)

    def read(self, data: ShiftingProblem, model: Any, value: Callable[[Any], float]) -> Shift:
        """Return the schedule of a solution; machines serve what comes as far as they reach.

        Parameters
        ----------
        data, model, value
            As `Standard.read` takes them.
        """
        hours = range(len(data.demand))
        size = max(data.demand) or 1.0
        moved: dict[tuple[int, int], float] = {}
        for t in hours:
            room = data.demand[t] * data.deferrable
            for u in data.later(t):
                rate = min(max(value(model.x[t, u]), 0.0) * size, room)
                if rate > 0:
                    moved[t, u], room = rate, room - rate
        counts = tuple(tuple(round(value(model.n[k, u])) for u in hours) for k in range(len(data.machines)))
        left = list(data.demand)
        for (t, u), rate in moved.items():
            left[t] -= rate
            left[u] += rate
        loads = []
        for k, own in enumerate(data.machines):
            load = []
            for u in hours:
                here = min(max(value(model.y[k, u]), 0.0) * size, counts[k][u] * own.rate, max(left[u], 0.0))
                left[u] -= here
                load.append(here)
            loads.append(load)
        if data.function_usd is None:  # what rounding has left over goes where there is room
            for k, own in enumerate(data.machines):
                for u in hours:
                    more = min(max(left[u], 0.0), counts[k][u] * own.rate - loads[k][u])
                    loads[k][u], left[u] = loads[k][u] + more, left[u] - more
        return Shift(moved, counts, tuple(map(tuple, loads)))

    def in_a_line(self, problem: Question) -> str:
        """Say how many hours and machines there are."""
        data: ShiftingProblem = problem.data
        later = f"{data.deferrable:.0%} may wait {data.defer_h} h"
        return f"{len(data.demand)} hours, {len(data.machines)} types of machines, {later}"


SHIFTING: Family = Shifting()
