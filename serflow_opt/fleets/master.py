"""The master problem of a fleet: one plan for each service out of those known, within what is shared.

    min  sum f_j x_j + short        sum_j x_j = 1 by service            pi
                                    sum_j c_j x_j <= B + short_B        mu
                                    sum_j m_tj x_j <= N_t + short_t     nu_t

x_j in {0, 1}, or its relaxation, whose dual values price what is shared. Nothing may be short, but in the problem that
asks for the least that is missing: it has f = 0, and what is short costs 1 a dollar an hour or a machine.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import csr_matrix, lil_matrix

from serflow_opt.fleets.service import Column, Prices

ROUNDING = 1e-9
"""What is shared may be exceeded by this, relative: rounding noise of sums."""
CUTS = 50
"""Choices cut off at most because they exceed what is shared by more than the solver's tolerance hides."""


@dataclass(frozen=True)
class Shared:
    """What the services share: USD an hour (None: any), machines by type; and whether it may be short."""

    budget: float | None
    machines: Mapping[str, int]
    short: bool = False

    def used(self, columns: Sequence[Column]) -> tuple[float, dict[str, int]]:
        """Return the money and the machines of some plans together."""
        usd = float(np.sum([own.usd_per_hour for own in columns]))
        return usd, {name: sum(own.count(name) for own in columns) for name in self.machines}

    def kept(self, columns: Sequence[Column]) -> bool:
        """Whether plans together stay within what is shared."""
        usd, counts = self.used(columns)
        affordable = self.budget is None or usd <= self.budget * (1 + ROUNDING)
        return affordable and all(counts[name] <= most for name, most in self.machines.items())

    def at(self, prices: Prices) -> float:
        """Return the worth, at prices, of all that is shared."""
        rents = sum(prices.machine.get(name, 0.0) * most for name, most in self.machines.items())
        return prices.dollar * (self.budget or 0.0) + rents

    def missing(self, columns: Sequence[Column]) -> float:
        """Return how much plans exceed what is shared by: dollars an hour and machines, added up."""
        usd, counts = self.used(columns)
        over = 0.0 if self.budget is None else max(usd - self.budget * (1 + ROUNDING), 0.0)
        return over + sum(max(counts[name] - most, 0) for name, most in self.machines.items())


@dataclass
class Chosen:
    """A choice of plans, its value, and what no choice of known plans is below; no columns: there is none."""

    columns: list[Column] = field(default_factory=list)
    value: float = float("inf")
    bound: float = float("inf")


class Master:
    """The plans known, and choices among them."""

    def __init__(self, services: int, shared: Shared, columns: Sequence[Column] = ()) -> None:
        self.services, self.shared = services, shared
        self.columns: list[Column] = []
        self._known: set[Column] = set()
        for column in columns:
            self.add(column)

    def add(self, column: Column | None) -> bool:
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

    def relaxed(self) -> tuple[float, Prices] | None:
        """Solve the relaxation; None where even that cannot stay within what is shared."""
        cost, limits, most, choose = self._rows()
        found = linprog(
            cost, A_ub=limits if len(most) else None, b_ub=most if len(most) else None, A_eq=choose,
            b_eq=np.ones(self.services), bounds=(0, None), method="highs",
        )  # fmt: skip
        if found.status != 0:
            return None
        duals = np.maximum(-found.ineqlin.marginals, 0.0) if len(most) else np.zeros(0)
        return float(found.fun), self._prices(duals)

    def choose(self, time_limit: float | None, gap: float) -> Chosen:
        """Choose one plan for each service; a choice that only the solver's tolerance allows is cut off."""
        cost, limits, most, choose = self._rows()
        count = len(self.columns)
        rows: list[LinearConstraint] = [LinearConstraint(choose, 1, 1)]
        if len(most):
            slack = 1e-7  # opened a little: what meets a limit exactly may not be lost, what exceeds it is cut off
            rows.append(LinearConstraint(limits, -np.inf, most + slack * np.maximum(1.0, np.abs(most))))
        integrality = np.concatenate([np.ones(count), np.zeros(len(cost) - count)])
        options = {"mip_rel_gap": gap} | ({} if time_limit is None else {"time_limit": max(time_limit, 0.1)})
        best = Chosen(bound=-np.inf)
        for _ in range(CUTS):
            with _quiet():
                found = milp(cost, constraints=rows, integrality=integrality, bounds=Bounds(0, np.inf), options=options)
            if found.status == 2:
                best.bound = np.inf
            elif found.mip_dual_bound is not None:
                best.bound = max(best.bound, float(found.mip_dual_bound))
            if found.x is None:
                break
            picked = np.flatnonzero(found.x[:count] > 0.5)
            columns = sorted((self.columns[j] for j in picked), key=lambda own: own.service)
            value = self.value(columns)
            if self.shared.short or self.shared.kept(columns):
                if value < best.value:
                    best.columns, best.value = columns, value
                break
            row = lil_matrix((1, len(cost)))
            row[0, picked] = 1.0
            rows.append(LinearConstraint(csr_matrix(row), -np.inf, len(picked) - 1))
        best.bound = min(best.bound, best.value)
        return best

    def value(self, columns: Sequence[Column]) -> float:
        """Return the exact value of a choice."""
        if self.shared.short:
            return self.shared.missing(columns)
        return float(np.sum([own.adds for own in columns]))

    def _rows(self) -> tuple[np.ndarray, csr_matrix, np.ndarray, csr_matrix]:
        """Costs, what is shared (limits x <= most, scaled to 1 for the budget), and one plan for each service."""
        shared, count = self.shared, len(self.columns)
        names = list(shared.machines)
        budget = shared.budget is not None
        slacks = (budget + len(names)) if shared.short else 0
        cost = np.array([0.0 if shared.short else own.adds for own in self.columns] + [1.0] * slacks)
        limits = lil_matrix((budget + len(names), count + slacks))
        most = []
        if budget:
            assert shared.budget is not None
            unit = self._unit
            limits[0, :count] = [own.usd_per_hour / unit for own in self.columns]
            most.append(shared.budget / unit)
        for t, name in enumerate(names, start=int(budget)):
            limits[t, :count] = [own.count(name) for own in self.columns]
            most.append(float(shared.machines[name]))
        for t in range(slacks):
            limits[t, count + t] = -1.0 / (self._unit if budget and t == 0 else 1.0)
        choose = csr_matrix(
            (np.ones(count), ([own.service for own in self.columns], range(count))),
            shape=(self.services, count + slacks),
        )
        return cost, csr_matrix(limits), np.array(most), choose

    @property
    def _unit(self) -> float:
        return self.shared.budget or 1.0

    def _prices(self, duals: np.ndarray) -> Prices:
        budget = self.shared.budget is not None
        machine = dict(zip(self.shared.machines, map(float, duals[int(budget) :]), strict=True))
        dollar = float(duals[0]) / self._unit if budget else 0.0
        return Prices(dollar, machine, 0.0 if self.shared.short else 1.0)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what the HiGHS inside scipy prints, whatever it is told, out of results on stdout."""
    try:
        flush = ctypes.CDLL(None).fflush
        saved = os.dup(1)
    except (OSError, TypeError, AttributeError):  # no C library by that name, or no stdout
        yield
        return
    sys.stdout.flush()
    flush(None)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    try:
        yield
    finally:
        flush(None)
        os.dup2(saved, 1)
        os.close(nowhere)
        os.close(saved)
