"""The master problem of a fleet: one plan for each service out of those known, within what is shared.

    min  sum f_j x_j + short        sum_j x_j = 1 by service            pi
                                    sum_j c_j x_j <= B + short_B        mu
                                    sum_j m_tj x_j <= N_t + short_t     nu_t

x_j in {0, 1}, or its relaxation, whose dual values price what is shared. Nothing may be short, but in the problem that
asks for the least that is missing: it has f = 0, and what is short costs 1 a dollar an hour or a machine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from serflow_opt.backend.highs import HighsModel
from serflow_opt.backend.linear import solve_linear
from serflow_opt.backend.matrix import Matrix
from serflow_opt.fleets.pricing import PlanColumn, SharedPrices
from serflow_opt.ground.arrays import Floats
from serflow_opt.ground.deadline import Deadline
from serflow_opt.ground.tolerances import OPENED, TOLERANCE

CUTS = 50
"""Choices cut off at most because they exceed what is shared by more than the solver's tolerance hides."""


@dataclass(frozen=True)
class SharedLimits:
    """What the services share: USD an hour (None: any), machines by type; and whether it may be short."""

    budget: float | None
    machines: Mapping[str, int]
    short: bool = False

    def used(self, columns: Sequence[PlanColumn]) -> tuple[float, dict[str, int]]:
        """Return the money and the machines of some plans together."""
        usd = float(np.sum([own.usd_per_hour for own in columns]))
        return usd, {name: sum(own.count(name) for own in columns) for name in self.machines}

    def kept(self, columns: Sequence[PlanColumn]) -> bool:
        """Whether plans together stay within what is shared."""
        usd, counts = self.used(columns)
        affordable = self.budget is None or usd <= self.budget * (1 + TOLERANCE)
        return affordable and all(counts[name] <= most for name, most in self.machines.items())

    def at(self, prices: SharedPrices) -> float:
        """Return the worth, at prices, of all that is shared."""
        rents = sum(prices.machine.get(name, 0.0) * most for name, most in self.machines.items())
        return prices.dollar * (self.budget or 0.0) + rents

    def missing(self, columns: Sequence[PlanColumn]) -> float:
        """Return how much plans exceed what is shared by: dollars an hour and machines, added up."""
        usd, counts = self.used(columns)
        over = 0.0 if self.budget is None else max(usd - self.budget * (1 + TOLERANCE), 0.0)
        return over + sum(max(counts[name] - most, 0) for name, most in self.machines.items())


@dataclass
class Chosen:
    """A choice of plans, its value, and what no choice of known plans is below; no columns: there is none."""

    columns: list[PlanColumn] = field(default_factory=list)
    value: float = float("inf")
    bound: float = float("inf")


class FleetMaster:
    """The plans known, and choices among them."""

    def __init__(self, services: int, shared: SharedLimits, columns: Sequence[PlanColumn] = ()) -> None:
        self.services, self.shared = services, shared
        self.columns: list[PlanColumn] = []
        self._known: set[PlanColumn] = set()
        for column in columns:
            self.add(column)

    def add(self, column: PlanColumn | None) -> bool:
        """Take a plan in; say whether it is new."""
        if column is None or column in self._known:
            return False
        self._known.add(column)
        self.columns.append(column)
        return True

    @property
    def complete(self) -> bool:
        """Whether a plan of each service is known."""
        return len({own.service for own in self.columns}) == self.services

    def relaxed(self, deadline: Deadline) -> tuple[float, SharedPrices] | None:
        """Solve the relaxation; None where even that cannot stay within what is shared, or time runs out."""
        matrix = self._matrix()
        found = solve_linear(matrix, deadline=deadline)
        if found.values is None or found.multipliers is None:
            return None
        duals = np.maximum(-found.multipliers[self.services :], 0.0)
        return float(matrix.cost @ found.values), self._prices(duals)

    def choose(self, deadline: Deadline, gap: float) -> Chosen:
        """Choose one plan for each service; a choice that only the solver's tolerance allows is cut off."""
        count = len(self.columns)
        matrix = self._matrix()
        most = matrix.row_high.copy()
        # opened a little: what meets a limit exactly may not be lost, what exceeds it is cut off
        most[self.services :] += OPENED * np.maximum(1.0, np.abs(most[self.services :]))
        model = HighsModel.of(replace(matrix, row_high=most, whole=np.arange(len(matrix.cost)) < count))
        best = Chosen(bound=-np.inf)
        for _ in range(CUTS):
            found = model.solve(gap=gap, time_limit=deadline.left)
            best.bound = np.inf if found.status == "infeasible" else max(best.bound, found.bound)
            if not found.values:
                break
            picked = [j for j in range(count) if found.values[j] > 0.5]
            columns = sorted((self.columns[j] for j in picked), key=lambda own: own.service)
            value = self.value(columns)
            if self.shared.short or self.shared.kept(columns):
                if value < best.value:
                    best.columns, best.value = columns, value
                break
            model.add_cut(picked, [1.0] * len(picked), len(picked) - 1)
        best.bound = min(best.bound, best.value)
        return best

    def value(self, columns: Sequence[PlanColumn]) -> float:
        """Return the exact value of a choice."""
        if self.shared.short:
            return self.shared.missing(columns)
        return float(np.sum([own.adds for own in columns]))

    def _matrix(self) -> Matrix:
        """One plan for each service, then what is shared (the budget scaled to 1), as rows."""
        shared, count = self.shared, len(self.columns)
        names = list(shared.machines)
        budget = shared.budget is not None
        limits = budget + len(names)
        slacks = limits if shared.short else 0
        cost = np.array([0.0 if shared.short else own.adds for own in self.columns] + [1.0] * slacks)
        rows = np.zeros((self.services + limits, count + slacks))
        rows[[own.service for own in self.columns], range(count)] = 1.0
        most = [1.0] * self.services
        if shared.budget is not None:
            rows[self.services, :count] = [own.usd_per_hour / self._unit for own in self.columns]
            most.append(shared.budget / self._unit)
        for t, name in enumerate(names, start=self.services + budget):
            rows[t, :count] = [own.count(name) for own in self.columns]
            most.append(float(shared.machines[name]))
        for t in range(slacks):
            rows[self.services + t, count + t] = -1.0 / (self._unit if budget and t == 0 else 1.0)
        low = np.array([1.0] * self.services + [-np.inf] * limits)
        ends = np.zeros(count + slacks), np.array([1.0] * count + [np.inf] * slacks)
        return Matrix.dense(cost, rows, low, np.array(most), *ends)

    @property
    def _unit(self) -> float:
        return self.shared.budget or 1.0

    def _prices(self, duals: Floats) -> SharedPrices:
        budget = self.shared.budget is not None
        machine = dict(zip(self.shared.machines, map(float, duals[int(budget) :]), strict=True))
        dollar = float(duals[0]) / self._unit if budget else 0.0
        return SharedPrices(dollar, machine, 0.0 if self.shared.short else 1.0)
