"""How many machines to rent when, for a demand that is known: one block of the network, over a horizon.

Sets
    k        steps, from moment t_k to t_{k+1}; machines are ordered and stopped at moments, t_0 <= 0 and t_K the end
    p        VM types
    g        spells: the longest times, each inside a step k(g), in which no machine becomes usable
    i in g   cells of a spell, of constant demand
    l        lines below the overflow of a spell

Data
    λ_i      requests a second in cell i                  δ_i   its length, s
    r_p      requests a second that a machine serves      c_p   rent, USD/s
    s_p      from order to first request, s               b_p   least billing, s
    c^F      of a request on the function, USD            N_p   most machines

Variables
    n_{p,k}  integer, machines rented in step k           0 <= n <= N_p
    u_{p,k}  machines ordered at t_k;  -s_p <= t_k and t_k + s_p < t_K
    y_{p,k}  machines ordered at t_k that stop at the last moment before their least billing ends, though it ends
             before the next one
    o_g      requests of spell g that go to the function

All are >= 0. Once n is given the others are a flow, so only n needs integrality. Usable in spell g are

    v_{p,g} = n_{p,k(g)} - Σ u_{p,h}    over the orders h <= k(g) with t_h + s_p after the begin of g

Equations
    n_{p,k} - n_{p,k-1} <= u_{p,k}                                                 rented
    n_{p,k} >= Σ_{h in A_{p,k}} u_{p,h} + Σ_{h in E_{p,k}} (u_{p,h} - y_{p,h})     stay
    y_{p,k} <= u_{p,k}                                                             early_ordered
    o_g >= α_{g,l} - Σ_p β_{g,l,p} v_{p,g}                                         overflow
    Σ_p β_{g,l,p} v_{p,g} >= α_{g,l}                                               cover

cover stands in for overflow where there is no function. A machine that is not usable yet does not stop, nor one whose
least billing is not over: A_{p,k} are the orders h <= k with t_k < t_h + s_p or t_{k+1} <= t_h + b_p. E_{p,k} are
other orders h < k with t_k < t_h + b_p, which ends inside step k. stay is left out where there is but the order at t_k:
to order more than is rented helps nobody.

    rent       Σ_{p,k} c_p (t_{k+1} - t_k) n_{p,k} + Σ_{p,k} c_p (t_k + b_p - t_K)^+ u_{p,k}
               + Σ_{p,k} c_p (t_k + b_p - t_h) y_{p,k}
    functions  c^F Σ_g o_g

with t_h the last moment before t_k + b_p.

The horizon may be cut into windows, each a model of its own. Where a window does not begin the horizon, rented is left
out for k = 0: any number of machines is there, usable and with their least billing over. Where it does not end the
horizon, the second sum of the rent is left out. Of any schedule each window costs no more than its share, so the sum
of the windows' optima is a lower bound.

The overflow of a spell is Σ_i δ_i (λ_i - Σ_p r_p v_p)^+, a convex function of v. Of each cell it is at least

    0,    λ_i - Σ_p r_p v_p,    and for each type q    r_q f (⌈λ_i/r_q⌉ - Σ_p G_q(r_p/r_q) v_p)

where f = λ_i/r_q - ⌊λ_i/r_q⌋ > 0 and G_q(a) = ⌊a⌋ + min(a - ⌊a⌋, f)/f: mixed-integer rounding, valid for integer v.
With one type it is the chord between the two whole numbers of machines around λ_i. A line of a spell is one of these a
cell, weighted by δ_i: the largest at the v of interest. A spell of one cell gets all of them; to others the solver adds
those that its solution violates. What must be covered is the largest λ_i of a spell.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pyomo.core as pyo

from serflow_opt.ground.tolerances import MOMENT, WHOLE_MACHINE

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class MachineType:
    """A VM type: r_p, c_p, s_p, b_p and N_p."""

    rate: float
    usd_per_s: float
    start_s: float = 0.0
    billing_min_s: float = 0.0
    machines_max: int | None = None


Line = tuple[float, tuple[float, ...]]
"""α and, by type, β."""


@dataclass(frozen=True)
class MachineBlock:
    """Sets and data.

    Attributes
    ----------
    edges, rates
        Demand: requests a second, constant between edges, none outside.
    moments
        t_0 .. t_K.
    usd_per_request
        c^F; inf: there is no function.
    first, last
        Whether the horizon begins, and ends, here; else it is a window.
    dollar, batch
        Units of the model: USD, and requests in which overflow is counted.
    """

    edges: NDArray[np.float64]
    rates: NDArray[np.float64]
    moments: NDArray[np.float64]
    kinds: tuple[MachineType, ...]
    usd_per_request: float
    first: bool = True
    last: bool = True
    dollar: float = 1.0
    batch: float = 1.0

    @property
    def types(self) -> range:
        """Numbers of the types."""
        return range(len(self.kinds))

    @property
    def steps(self) -> range:
        """Numbers of the steps."""
        return range(len(self.moments) - 1)

    @property
    def end(self) -> float:
        """t_K."""
        return float(self.moments[-1])

    @cached_property
    def orders(self) -> list[tuple[int, int]]:
        """(p, k): machines may be ordered at t_k, and would be usable before the end."""
        return [
            (p, k)
            for p in self.types
            for k, t in enumerate(self.moments[:-1])
            if (k or self.first)
            and t >= -self.kinds[p].start_s - MOMENT
            and t + self.kinds[p].start_s < self.end - MOMENT
        ]

    @cached_property
    def spell_edges(self) -> NDArray[np.float64]:
        """Begin of each spell, and the end of the last."""
        usable = [self.moments[k] + self.kinds[p].start_s for p, k in self.orders]
        times = np.unique(np.concatenate([self.moments, usable]))
        times = times[np.concatenate([[True], np.diff(times) > MOMENT])]
        times[-1] = self.end
        return np.asarray(times)

    @property
    def spells(self) -> range:
        """Numbers of the spells."""
        return range(len(self.spell_edges) - 1)

    @cached_property
    def step_of(self) -> list[int]:
        """k(g)."""
        found = np.searchsorted(self.moments, self.spell_edges[:-1] + MOMENT, side="right") - 1
        return [int(k) for k in found]

    @cached_property
    def _by_type(self) -> list[list[tuple[int, float]]]:
        """By type, k and t_k of its orders, in time."""
        return [[(k, float(self.moments[k])) for q, k in self.orders if q == p] for p in self.types]

    @cached_property
    def waiting(self) -> dict[tuple[int, int], list[int]]:
        """(p, g) -> orders of p that are not usable yet in spell g."""
        found: dict[tuple[int, int], list[int]] = defaultdict(list)
        for p, orders in enumerate(self._by_type):
            for k, t in orders:
                begin = int(np.searchsorted(self.spell_edges, t - MOMENT))
                end = int(np.searchsorted(self.spell_edges, t + self.kinds[p].start_s - MOMENT))
                for g in range(begin, end):
                    found[p, g].append(k)
        return found

    @cached_property
    def staying(self) -> dict[tuple[int, int], tuple[list[int], list[int]]]:
        """(p, k) -> A_{p,k} and E_{p,k}, where there are any but the orders at t_k itself."""
        found: dict[tuple[int, int], tuple[list[int], list[int]]] = {}
        for p, orders in enumerate(self._by_type):
            kind = self.kinds[p]
            for h, t in orders:
                for k in range(h, len(self.moments) - 1):
                    starting = self.moments[k] < t + kind.start_s - MOMENT
                    whole, part = found.setdefault((p, k), ([], []))
                    if k == h or starting or self.moments[k + 1] <= t + kind.billing_min_s + MOMENT:
                        whole.append(h)
                    elif self.moments[k] < t + kind.billing_min_s - MOMENT:
                        part.append(h)
                    else:
                        break
        return {key: rows for key, rows in found.items() if rows[1] or rows[0] not in ([], [key[1]])}

    @cached_property
    def early(self) -> dict[tuple[int, int], float]:
        """(p, k) of y -> seconds that are billed after the machine has stopped."""
        return {
            (p, h): float(self.moments[h] + self.kinds[p].billing_min_s - self.moments[k])
            for (p, k), (_, part) in self.staying.items()
            for h in part
        }

    @cached_property
    def cells(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
        """λ_i, δ_i and the spell of each cell in which there is demand."""
        edges = np.union1d(self.edges, self.spell_edges[self.spell_edges > self.edges[0]])
        edges = edges[np.concatenate([[True], np.diff(edges) > MOMENT])]
        middle = (edges[1:] + edges[:-1]) / 2
        rates = self.rates[np.clip(np.searchsorted(self.edges, middle, side="right") - 1, 0, len(self.rates) - 1)]
        spell = np.searchsorted(self.spell_edges, middle, side="right") - 1
        some = (rates > 0) & (middle < self.edges[-1])
        return rates[some], np.diff(edges)[some], spell[some]

    @cached_property
    def _per_cell(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """α (line, cell) and β (line, type, cell) of the lines of each cell, in requests a second."""
        demand = self.cells[0]
        rates = np.array([kind.rate for kind in self.kinds])
        alphas = [np.zeros_like(demand), demand]
        betas = [np.zeros((len(rates), len(demand))), np.tile(rates[:, None], len(demand))]
        for rate in rates:
            share = demand / rate - np.floor(demand / rate)
            rounds = (share > WHOLE_MACHINE) & (share < 1 - WHOLE_MACHINE)
            share = np.where(rounds, share, 1.0)
            ratio = rates / rate
            ratio = np.where(np.abs(ratio - np.rint(ratio)) < WHOLE_MACHINE, np.rint(ratio), ratio)
            floor = np.floor(ratio)[:, None]
            height = rate * share
            alphas.append(np.where(rounds, height * np.ceil(demand / rate), 0.0))
            betas.append(np.where(rounds, height * (floor + np.minimum(ratio[:, None] - floor, share) / share), 0.0))
        return np.array(alphas), np.array(betas)

    @cached_property
    def single(self) -> NDArray[np.bool_]:
        """By spell: whether it has one cell, or must be covered, so that it gets all its lines at once."""
        if not math.isfinite(self.usd_per_request):
            return np.ones(len(self.spells), dtype=bool)
        return np.asarray(np.bincount(self.cells[2], minlength=len(self.spells)) == 1)

    def all_lines(self) -> dict[tuple[int, int], Line]:
        """(g, l) -> the lines of all spells that get all of them, in requests; without a function, a second."""
        demand, length, spell = self.cells
        alphas, betas = self._per_cell
        must = not math.isfinite(self.usd_per_request)
        highest: dict[int, int] = {}
        for i, g in enumerate(spell.tolist()):
            if self.single[g] and (g not in highest or demand[i] > demand[highest[g]]):
                highest[g] = i
        found: dict[tuple[int, int], Line] = {}
        for g, i in highest.items():
            weight = 1.0 if must else float(length[i])
            for l in range(1, len(alphas)):  # noqa: E741
                if alphas[l, i] > 0:
                    found[g, l] = weight * float(alphas[l, i]), tuple((weight * betas[l, :, i]).tolist())
        return found

    def lines_at(self, v: NDArray[np.float64]) -> dict[int, Line]:
        """g -> the highest line at v (type, spell), in requests, of each spell that has several cells."""
        _, length, spell = self.cells
        alphas, betas = self._per_cell
        value = alphas - np.einsum("lpi,pi->li", betas, v[:, spell])
        top = value.argmax(axis=0)
        cell = np.arange(len(spell))
        alpha = np.bincount(spell, length * alphas[top, cell], minlength=len(self.spells))
        beta = np.array(
            [np.bincount(spell, length * betas[top, p, cell], minlength=len(self.spells)) for p in self.types]
        )
        return {
            g: (float(alpha[g]), tuple(beta[:, g].tolist()))
            for g in np.unique(spell).tolist()
            if not self.single[g] and alpha[g] > 0
        }


def add_fleet(m: Any, fleet: MachineBlock, *, whole: bool = True) -> None:
    """Add machines rented and ordered: n, u and y.

    Parameters
    ----------
    fleet
        Sets and data.
    whole
        Whether n is integer; False: it may be a fraction.
    """
    most = [kind.machines_max for kind in fleet.kinds]
    numbers = pyo.NonNegativeIntegers if whole else pyo.NonNegativeReals
    m.n = pyo.Var(fleet.types, fleet.steps, domain=numbers, bounds=lambda m, p, k: (0, most[p]))
    m.u = pyo.Var(fleet.orders, bounds=(0, None))
    m.y = pyo.Var(list(fleet.early), bounds=(0, None))
    ordered = set(fleet.orders)

    @m.Constraint([(p, k) for p in fleet.types for k in fleet.steps if k or fleet.first])
    def rented(m: Any, p: int, k: int) -> Any:
        return m.n[p, k] - (m.n[p, k - 1] if k else 0) <= (m.u[p, k] if (p, k) in ordered else 0)

    @m.Constraint(list(fleet.staying))
    def stay(m: Any, p: int, k: int) -> Any:
        whole, part = fleet.staying[p, k]
        return m.n[p, k] >= pyo.quicksum(m.u[p, h] for h in whole) + pyo.quicksum(m.u[p, h] - m.y[p, h] for h in part)

    @m.Constraint(list(fleet.early))
    def early_ordered(m: Any, p: int, k: int) -> Any:
        return m.y[p, k] <= m.u[p, k]


def _taken(m: Any, fleet: MachineBlock, g: int, beta: tuple[float, ...], unit: float) -> Any:
    """Σ_p β_p v_{p,g} in some unit."""
    k = fleet.step_of[g]
    return pyo.quicksum(
        beta[p] / unit * (m.n[p, k] - pyo.quicksum(m.u[p, h] for h in fleet.waiting.get((p, g), ())))
        for p in fleet.types
        if beta[p]
    )


def add_overflow(m: Any, fleet: MachineBlock, lines: Mapping[tuple[int, int], Line]) -> None:
    """Add what goes to the function, in units of `fleet.batch`. Expects n and u.

    Parameters
    ----------
    fleet
        Sets and data, with a function.
    lines
        α and β by spell and line, in requests.
    """
    m.o = pyo.Var(np.unique(fleet.cells[2]).tolist(), bounds=(0, None))

    @m.Constraint(list(lines))
    def overflow(m: Any, g: int, l: int) -> Any:  # noqa: E741
        alpha, beta = lines[g, l]
        return m.o[g] + _taken(m, fleet, g, beta, fleet.batch) >= alpha / fleet.batch


def add_cover(m: Any, fleet: MachineBlock, lines: Mapping[tuple[int, int], Line]) -> None:
    """Let machines serve all there is. Expects n and u.

    Parameters
    ----------
    fleet
        Sets and data, without a function.
    lines
        α > 0 and β by spell and line, in requests a second.
    """

    @m.Constraint(list(lines))
    def cover(m: Any, g: int, l: int) -> Any:  # noqa: E741
        alpha, beta = lines[g, l]
        return _taken(m, fleet, g, beta, alpha) >= 1


def rent(m: Any, fleet: MachineBlock) -> Any:
    """Return what machines cost, in units of `fleet.dollar`. Expects n, u and y."""
    price = [kind.usd_per_s / fleet.dollar for kind in fleet.kinds]
    length = np.diff(fleet.moments).tolist()
    after = {
        (p, k): float(fleet.moments[k] + fleet.kinds[p].billing_min_s - fleet.end)
        for p, k in fleet.orders
        if fleet.last and fleet.moments[k] + fleet.kinds[p].billing_min_s > fleet.end + MOMENT
    }
    return (
        pyo.quicksum(price[p] * length[k] * m.n[p, k] for p in fleet.types for k in fleet.steps)
        + pyo.quicksum(price[p] * seconds * m.u[p, k] for (p, k), seconds in after.items())
        + pyo.quicksum(price[p] * seconds * m.y[p, k] for (p, k), seconds in fleet.early.items())
    )


def function_cost(m: Any, fleet: MachineBlock) -> Any:
    """Return what the function costs, in units of `fleet.dollar`. Expects o."""
    price = fleet.usd_per_request * fleet.batch / fleet.dollar
    return pyo.quicksum(price * m.o[g] for g in m.o)
