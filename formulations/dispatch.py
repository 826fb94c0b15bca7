"""Machines over time where it matters who serves what: prices that change by the hour, requests that may wait.

Sets
    g        slots, of constant demand, prices and numbers of machines; δ_g their length, s
    b        blocks of the network; p VM types of a block

Data
    λ_g      requests a second that come            R_b   share of them that enter block b
    d        share that may wait, at most τ s; A_g those of them that came in the last τ s when slot g ends
    r_p      requests a second that a machine of a type serves
    c_{p,g}  a machine that is usable in slot g     o_{p,g}  one more that becomes usable where slot g begins, with
             all of its start                       N_p   most machines
    w_{p,g}, f_{b,g}   a request that a machine, or the function, serves in slot g

c, o, w and f are money, carbon, or money with carbon at a price.

Variables
    n_{p,g}  integer, machines that are usable      u_{p,g} >= 0  that become usable where slot g begins
    y_{p,g} >= 0  requests a second they serve      z_{b,g} >= 0  requests a second that functions serve
    s_g >= 0      requests a second that are served, (1 - d) λ_g at least
    q_g >= 0      requests that wait when slot g ends; none at the end

Equations
    Σ_{p in b} y_{p,g} + z_{b,g} = R_b s_g                                dispatched      (1)
    y_{p,g} <= r_p n_{p,g}                                                within_rate     (2)
    n_{p,g} - n_{p,g-1} <= u_{p,g}, u_{p,g} = 0 where none may start      started         (3)
    n_{p,g} >= n_{p,g-1} where none may stop                              stays_on        (4)
    q_g = q_{g-1} + δ_g (λ_g - s_g)                                       backlog         (5)
    q_g <= d A_g                                                          bounds of q     (6)
    the sum below, with c, o, w and f in grams, <= the limit              carbon_at_most  (7)

Served first come first served, nobody waits longer than τ if (6) holds where slots end: both sides are linear between.

    Σ_{p,g} (c_{p,g} n_{p,g} + o_{p,g} u_{p,g} + δ_g w_{p,g} y_{p,g}) + Σ_{b,g} δ_g f_{b,g} z_{b,g}
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyomo.core as pyo

from serflow_opt.ground.tolerances import WHOLE_MACHINE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class DispatchedType:
    """A type of machines of a block, slot by slot.

    Attributes
    ----------
    block, rate, most
        Position of the block; requests a second; most machines, None: any number.
    on, order, request
        c, o and w.
    up, down
        Whether machines may become usable, or stop, where a slot begins.
    """

    block: int
    rate: float
    most: int | None
    on: Floats
    order: Floats
    request: Floats
    up: NDArray[np.bool_]
    down: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Deferral:
    """Requests that may wait: d, and d A_g."""

    share: float
    waiting: Floats


@dataclass(frozen=True, slots=True)
class CarbonWithin:
    """A limit on grams.

    Attributes
    ----------
    types, functions
        As the model takes them, in grams.
    most_g
        The limit.
    """

    types: Sequence[DispatchedType]
    functions: Sequence[Floats | None]
    most_g: float


def dispatch_model(
    length: Floats,
    demand: Floats,
    reach: Sequence[float],
    types: Sequence[DispatchedType],
    functions: Sequence[Floats | None],
    deferral: Deferral | None,
    unit: float,
    within: CarbonWithin | None = None,
) -> Any:
    """Return the model; its objective is in units.

    Parameters
    ----------
    length, demand
        δ and λ, by slot: s, requests a second.
    reach
        R, by block.
    types
        Of all blocks.
    functions
        f, by block and slot; None: the block has none.
    deferral
        None: no request waits.
    unit
        What the objective is counted in.
    within
        A limit on grams; None: there is none.
    """
    m, size = pyo.ConcreteModel("dispatch"), float(demand.max()) or 1.0
    slots, kinds, blocks = range(len(length)), range(len(types)), range(len(reach))
    at_most = demand + (0.0 if deferral is None else deferral.waiting / length)
    rates = [own.rate / size for own in types]

    def most(m: Any, p: int, g: int) -> tuple[int, int]:
        own = types[p]
        near = float(at_most.max()) * reach[own.block]
        needed = math.ceil(near / own.rate * (1 - WHOLE_MACHINE))
        return 0, needed if own.most is None else min(needed, own.most)

    m.n = pyo.Var(kinds, slots, domain=pyo.NonNegativeIntegers, bounds=most)
    m.u = pyo.Var([(p, g) for p in kinds for g in slots if types[p].up[g]], domain=pyo.NonNegativeReals)
    m.y = pyo.Var(kinds, slots, domain=pyo.NonNegativeReals)
    m.z = pyo.Var([(b, g) for b in blocks if functions[b] is not None for g in slots], domain=pyo.NonNegativeReals)
    share = 1.0 if deferral is None else 1.0 - deferral.share
    m.s = pyo.Var(slots, bounds=lambda m, g: (share * demand[g] / size, None if deferral else demand[g] / size))

    @m.Constraint(blocks, slots)
    def dispatched(m: Any, b: int, g: int) -> Any:
        own = [m.y[p, g] for p in kinds if types[p].block == b]
        if functions[b] is not None:
            own.append(m.z[b, g])
        return pyo.quicksum(own) == reach[b] * m.s[g] if own else reach[b] * m.s[g] == 0

    @m.Constraint(kinds, slots)
    def within_rate(m: Any, p: int, g: int) -> Any:
        return m.y[p, g] <= rates[p] * m.n[p, g]

    @m.Constraint(kinds, slots)
    def started(m: Any, p: int, g: int) -> Any:
        before = m.n[p, g - 1] if g else 0
        return m.n[p, g] - before <= (m.u[p, g] if types[p].up[g] else 0)

    @m.Constraint([(p, g) for p in kinds for g in slots if g and not types[p].down[g]])
    def stays_on(m: Any, p: int, g: int) -> Any:
        return m.n[p, g] >= m.n[p, g - 1]

    if deferral is not None:
        _wait(m, length, demand / size, deferral.waiting / size)
    m.objective = pyo.Objective(expr=_total(m, types, functions, length * size / unit, unit))
    if within is not None:
        grams = within.most_g or 1.0
        emitted = _total(m, within.types, within.functions, length * size / grams, grams)
        m.carbon_at_most = pyo.Constraint(expr=emitted <= within.most_g / grams)
    return m


def _total(
    m: Any, types: Sequence[DispatchedType], functions: Sequence[Floats | None], requests: Floats, unit: float
) -> Any:
    """The sum over all slots, in units; `requests` are what a unit of y and z serves, by slot, over a unit of it."""
    on = [float(types[p].on[g]) / unit * m.n[p, g] for p, g in m.n]
    works = [float(types[p].request[g] * requests[g]) * m.y[p, g] for p, g in m.y]
    orders = [float(types[p].order[g]) / unit * m.u[p, g] for p, g in m.u]
    calls = [float(functions[b][g] * requests[g]) * m.z[b, g] for b, g in m.z]
    return pyo.quicksum([*on, *works, *orders, *calls])


def _wait(m: Any, length: Floats, demand: Floats, waiting: Floats) -> None:
    """Requests that wait: none at the end, and no more than may."""
    slots = range(len(length))
    m.q = pyo.Var(slots, bounds=lambda m, g: (0.0, 0.0 if g == len(slots) - 1 else float(waiting[g])))

    @m.Constraint(slots)
    def backlog(m: Any, g: int) -> Any:
        before = m.q[g - 1] if g else 0
        return m.q[g] == before + float(length[g]) * (float(demand[g]) - m.s[g])
