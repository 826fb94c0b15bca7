"""Bounds and mixes of machine types from the time-expanded model, given to HiGHS.

The horizon is cut into windows where the best schedule so far orders nothing, since a window loses what the start-up of
machines that are there when it begins would have cost. Of each window first the LP relaxation is solved, with the
rounded lines of `formulations/scaling.py`, then the MILP; the windows get longer until the gap is reached. The machines
of the windows, put together and made whole by thresholds, are schedules whose types are then fitted to each other.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pyomo.core as pyo

from serflow_opt.backend.highs import HighsModel, Outcome
from serflow_opt.formulations.scaling import (
    Line,
    MachineBlock,
    MachineType,
    add_cover,
    add_fleet,
    add_overflow,
    function_cost,
    rent,
)
from serflow_opt.ground.deadline import Deadline
from serflow_opt.ground.tolerances import CUT_DEPTH, INSTANT, INTEGRAL, ROUNDING, SHORTLY_S
from serflow_opt.traffic.schedule.levels import Spell
from serflow_opt.traffic.schedule.task import BlockTask, Plan, improve

if TYPE_CHECKING:
    from numpy.typing import NDArray

THRESHOLDS = (0.5, 0.25, 0.75, 0.1, 0.9)
"""A share of a machine from which on it becomes a machine."""
STEPS = 120
"""Of the first windows."""
LONGER = 4
"""How much longer windows become."""
ROUNDS = 30
"""Most times that lines are added to the LP of a window."""
SIZE = 1e4
"""The objective of a model, about: units are chosen so."""
LATE = 0.1
"""Share of the gap that lines left out of the LP may make up."""
SECONDS = 5.0
"""For the MILP of a window that is not the whole horizon."""


def prove(task: BlockTask, gap: float, deadline: Deadline) -> Iterator[bool]:
    """Raise the bound of a block and improve its schedule, pausing after each part; say whether both may have changed.

    It ends when nothing is left to do or time is up.

    Parameters
    ----------
    task
        A block with a schedule.
    gap
        Relative; the model of a window is solved to half of it.
    deadline
        When to stop.

    Yields
    ------
    bool
        False after a part that can have raised the bound alone, True after one that can have improved the schedule.

    Raises
    ------
    OutOfTime
        At the deadline, where it comes while types are fitted to each other.
    """
    steps = STEPS
    while True:
        windows = [_Window(task, a, b) for a, b in pairwise(_cuts(task, steps))]
        for whole in (False, True):
            way = "MILP" if whole else "LP bound"
            if way not in task.how:
                task.how.append(way)
            late = False
            for left, window in zip(range(len(windows), 0, -1), windows, strict=True):
                late = deadline.expired
                if late:
                    break
                limit = deadline.left / (left if whole else 1)
                window.solve(gap / 2, min(limit, SECONDS) if whole and len(windows) > 1 else limit, whole=whole)
            checked = math.fsum(window.checked for window in windows)
            task.raise_bound(math.fsum(window.bound for window in windows), checked)
            yield False
            if late:
                return
            numbers = np.concatenate([window.numbers for window in windows], axis=1)
            for threshold in THRESHOLDS[:1] if whole else THRESHOLDS:
                _round(task, numbers, threshold, deadline)
                yield True
        if len(windows) == 1 or deadline.expired:
            return
        steps *= LONGER


def relaxed(model: Iterator[bool]) -> Iterator[bool]:
    """Return the first part of `prove`: the relaxations of the first windows, and the schedules made of them."""
    return islice(model, 1 + len(THRESHOLDS))


def _cuts(task: BlockTask, steps: int) -> list[int]:
    """Steps at which windows begin, and the last one's end: as few machines as possible are starting there."""
    total = len(task.at) - 1
    if steps >= total:
        return [0, total]
    starting = np.zeros(total)
    for machine, spells in zip(task.machines, task.plan or ((),) * len(task.machines), strict=True):
        reach = machine.start_s + float(np.diff(task.at).max())
        for begin, _ in spells:
            a, b = np.searchsorted(task.at, [begin - reach, begin + max(machine.billing_min_s, reach)])
            starting[a:b] += machine.usd_per_s * reach
    cuts = [0]
    while total - cuts[-1] > 1.5 * steps:
        a, b = cuts[-1] + max(1, steps // 2), cuts[-1] + steps + max(1, steps // 2)
        cuts.append(a + int(np.argmin(starting[a:b] + ROUNDING * np.abs(np.arange(a, b) - cuts[-1] - steps))))
    return [*cuts, total]


class _Window:
    """The model of some steps of a block, and the lines it has so far.

    Attributes
    ----------
    bound
        USD that these steps cost at least.
    checked
        The same, whatever HiGHS says.
    numbers
        Machines rented, type x step, in the best solution so far.
    settled
        Whether more time would change nothing.
    """

    def __init__(self, task: BlockTask, a: int, b: int) -> None:
        kinds = tuple(
            MachineType(rate, machine.usd_per_s, machine.start_s, machine.billing_min_s, machine.machines_max)
            for machine, rate in zip(task.machines, task.rates, strict=True)
        )
        edges, at, total = task.demand.edges, task.at[a : b + 1], len(task.at) - 1
        low = max(0, int(np.searchsorted(edges, at[0] + INSTANT, side="right")) - 1)
        high = int(np.searchsorted(edges, at[-1] - INSTANT))
        usd = task.usd if math.isfinite(task.usd) else max(task.bound, 1 / 1e6)
        self.task = task
        self.fleet = MachineBlock(
            np.clip(edges[low : high + 1], max(at[0], 0.0), at[-1]),
            task.demand.rates[low:high],
            at,
            kinds,
            task.usd_per_request,
            a == 0,
            b == total,
            dollar=usd * (b - a) / total / SIZE,
            batch=max(task.rates) * float(np.diff(task.at).max()),
        )
        self.bound, self.checked, self.settled, self.lost = 0.0, 0.0, False, math.inf
        self.lines = self.fleet.all_lines()
        self.added = 0
        middle = (at[:-1] + at[1:]) / 2
        plan = task.plan or ((),) * len(kinds)
        self.numbers = np.array([_count(middle, spells) for spells in plan], dtype=float)
        if not task.must:
            self._keep(self.fleet.lines_at(np.zeros((len(kinds), len(self.fleet.spells)))))
            self._keep(self.fleet.lines_at(self.numbers[:, self.fleet.step_of]))

    def solve(self, gap: float, limit: float, *, whole: bool) -> None:
        """Solve the LP or the MILP, adding lines as long as they matter."""
        if not len(self.fleet.cells[0]):
            self.numbers[:] = 0.0
            self.settled = True
            return
        if whole and self.settled:
            return
        until = time.monotonic() + limit
        m, solver = self._build(whole=whole)
        start = {}
        if whole:
            rounded = np.floor(self.numbers + 0.5)
            start = {id(m.n[p, k]): float(rounded[p, k]) for p in self.fleet.types for k in self.fleet.steps}
        for _ in range(ROUNDS):
            left = max(0.0, until - time.monotonic())
            outcome = solver.solve(gap=gap, time_limit=left if math.isfinite(left) else None, start=start)
            if math.isfinite(outcome.bound):
                self.bound = max(self.bound, outcome.bound * self.fleet.dollar)
                self.checked = max(self.checked, outcome.checked * self.fleet.dollar)
            if not outcome.values:
                return
            self.numbers = self._numbers(m, outcome)
            short = self._add(m, solver, outcome) * self.task.usd_per_request if not self.task.must else 0.0
            if outcome.status != "optimal":
                return
            if short <= LATE * gap * max(self.bound, ROUNDING):
                whole_numbers = bool(np.all(np.abs(self.numbers - np.rint(self.numbers)) < INTEGRAL))
                self.settled = short <= 0 and (whole or whole_numbers)
                return
            if time.monotonic() >= until:
                return

    def _build(self, *, whole: bool) -> tuple[Any, HighsModel]:
        """The Pyomo model with all lines, compiled."""
        m, fleet = pyo.ConcreteModel("schedule"), self.fleet
        add_fleet(m, fleet, whole=whole)
        if self.task.must:
            add_cover(m, fleet, self.lines)
            m.objective = pyo.Objective(expr=rent(m, fleet))
        else:
            add_overflow(m, fleet, self.lines)
            m.objective = pyo.Objective(expr=rent(m, fleet) + function_cost(m, fleet))
        return m, HighsModel(m)

    def _keep(self, lines: dict[int, Line]) -> None:
        """Have lines in the models built from now on."""
        for g, line in lines.items():
            self.added += 1
            self.lines[g, len(self.fleet.kinds) + 1 + self.added] = line

    def _add(self, m: Any, solver: HighsModel, outcome: Outcome) -> float:
        """Add the lines that a solution violates, here and to later models; return by how many requests it does."""
        fleet, short = self.fleet, 0.0
        if fleet.single[np.unique(fleet.cells[2])].all():
            return 0.0
        ordered = {key: outcome.value(m.u[key]) for key in fleet.orders}
        v = self.numbers[:, fleet.step_of].copy()
        for (p, g), orders in fleet.waiting.items():
            v[p, g] -= sum(ordered[p, h] for h in orders)
        violated: dict[int, Line] = {}
        for g, (alpha, beta) in fleet.lines_at(v).items():
            miss = alpha - float(np.dot(beta, v[:, g])) - outcome.value(m.o[g]) * fleet.batch
            if miss > CUT_DEPTH * max(alpha, 1.0):
                short += miss
                violated[g] = alpha, beta
                k = fleet.step_of[g]
                variables, coefficients = [m.o[g]], [-1.0]
                for p in fleet.types:
                    if beta[p]:
                        orders = fleet.waiting.get((p, g), [])
                        variables += [m.n[p, k], *(m.u[p, h] for h in orders)]
                        coefficients += [-beta[p] / fleet.batch, *(beta[p] / fleet.batch for _ in orders)]
                solver.add_cut(variables, coefficients, -alpha / fleet.batch)
        self._keep(violated)
        return short

    def _numbers(self, m: Any, outcome: Outcome) -> NDArray[np.float64]:
        """Machines rented, type x step."""
        return np.array([[outcome.value(m.n[p, k]) for k in self.fleet.steps] for p in self.fleet.types])


def _round(task: BlockTask, numbers: NDArray[np.float64], threshold: float, deadline: Deadline) -> None:
    """Make whole machines of fractions, and fit types in turn to what the others leave."""
    whole = np.floor(numbers + (1 - threshold) + INTEGRAL).astype(np.int64)
    for p, machine in enumerate(task.machines):
        if machine.machines_max is not None:
            whole[p] = np.minimum(whole[p], machine.machines_max)
    plan = _plan(task, whole, oldest=False)
    task.offer(plan)
    task.offer(_plan(task, whole, oldest=True))
    kinds = list(range(len(plan)))
    for first in kinds:
        improve(task, plan, [*(q for q in kinds if q != first), first], deadline)


def _plan(task: BlockTask, numbers: NDArray[np.int64], *, oldest: bool) -> Plan:
    """Machines of given numbers, type x step: of several the oldest or the youngest stops."""
    at = task.at.tolist()
    plan = []
    for machine, row in zip(task.machines, numbers, strict=True):
        running: list[float] = []
        spells: list[Spell] = []
        for k, now in enumerate([*row.tolist(), 0]):
            while len(running) > now:
                spells.append((running.pop(0 if oldest else -1), at[k]))
            if at[k] >= -machine.start_s - SHORTLY_S:
                running += [at[k]] * (now - len(running))
        plan.append(tuple(spells))
    return tuple(plan)


def _count(at: NDArray[np.float64], spells: Iterable[Spell]) -> NDArray[np.int64]:
    """How many spells hold each of some moments."""
    pairs = np.array(list(spells), dtype=float).reshape(-1, 2)
    begun = np.searchsorted(np.sort(pairs[:, 0]), at, side="right")
    return np.asarray(begun - np.searchsorted(np.sort(pairs[:, 1]), at, side="right"), dtype=np.int64)
