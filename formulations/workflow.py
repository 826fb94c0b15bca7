"""Phases that wait for each other, a row of a menu for each, and servers that stay from one phase to a later one.

Sets
    f in F           phases; (g, f) in A: f waits for g
    o in O_f         rows of a phase's menu
    (g, f, c) in K   f comes after g, and servers c (a type and a number of them) are in both menus

Data
    t_{f,o}, u_{f,o} seconds with servers of its own, and with those of an earlier phase
    a_{f,o}          USD beside rent
    r_c              rent of servers, USD a second; of a row r_o, 0 without
    w_{f,o}          functions
    H                no schedule is longer: all phases one after another

Variables
    x_{f,o}          the row is taken, binary
    k_{g,f,c}        the servers of g stay for f, binary
    z_{f,o}          the row is taken, and its servers were there
    b_{g,f}          g is the last of those that f waits for, binary
    S_f >= 0         when it begins
    I_{g,f,c} >= 0   USD of servers in between
    T, W             end of all, functions at once

    Σ_o x_{f,o} = 1                                              row_of_phase   (1)
    E_f = S_f + Σ_o t_{f,o} x_{f,o} - Σ_o (t_{f,o} - u_{f,o}) z_{f,o}
    Σ_f k_{g,f,c} - Σ_{o with c} x_{g,o} <= 0                     given_on       (2)
    Σ_{o with c} z_{f,o} - Σ_g k_{g,f,c} = 0                      taken_on       (3)
    z_{f,o} - x_{f,o} <= 0                                       there_before   (4)
    E_g - S_f <= 0                                               waits_phase    (5)
    S_f - E_g <= H (1 - b_{g,f})                                 begins_at_once  (6)
    Σ_g b_{g,f} = 1                                              last_before    (7)
    r_c (S_f - E_g) - I_{g,f,c} <= r_c H (1 - k_{g,f,c})          idle_servers   (8)
    E_f - T <= 0                                                 all_over       (9)
    Σ_{f in C} Σ_o w_{f,o} x_{f,o} - W <= 0                       at_once        (10)

(10) for the largest sets C of phases that no order separates. USD: Σ (a + r t) x - Σ r (t - u) z + Σ I. Seconds of a
row of w functions of m MB, v = m / 1,769 vCPUs each, B bytes a second and L of latency, L_c to servers, of which n take
U updates a second each:

    s = b_in / (w B) + L + c / (w v) + b_out / (w B) + L         a map of c vCPU seconds on v vCPUs          (11)
    s = b_in / (w B) + L + R_w / min(w / (g / v + 2 (m / B + L_c)), n U)    R updates, gradients of g s        (12)
    s = Σ_r ⌈A_r / w⌉ c_r / v                                    A configurations alive in rung r            (13)
    t = max(start of functions, start of servers) + s,  u = start of functions + s                           (14)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pyomo.core as pyo


@dataclass(frozen=True, slots=True)
class FlowRow:
    """A row of a phase's menu: t, u, a, r, w, and which servers; None: none."""

    seconds: float
    kept_s: float
    usd: float
    rent: float
    functions: float
    servers: tuple[int, int] | None


def phases_model(
    menus: Sequence[Sequence[FlowRow]],
    after: Sequence[Sequence[int]],
    before: Sequence[set[int]],
    together: Sequence[Sequence[int]],
) -> tuple[Any, dict[str, Any]]:
    """Return the model, and its quantities as linear expressions.

    Parameters
    ----------
    menus
        O, phase by phase; a phase stands behind all that it waits for.
    after, before
        The phases that each waits for: those named, A; and all.
    together
        C.
    """
    phases = range(len(menus))
    m, end = _variables(menus, after, before)
    m.row_of_phase = pyo.Constraint(
        phases, rule=lambda m, f: pyo.quicksum(m.x[f, o] for o in range(len(menus[f]))) == 1
    )
    m.waits_phase = pyo.Constraint(m.A, rule=lambda m, g, f: end(g) - m.S[f] <= 0)
    m.begins_at_once = pyo.Constraint(m.A, rule=lambda m, g, f: m.S[f] - end(g) <= m.T.ub * (1 - m.b[g, f]))
    m.last_before = pyo.Constraint(
        [f for f in phases if after[f]], rule=lambda m, f: pyo.quicksum(m.b[g, f] for g in after[f]) == 1
    )
    m.all_over = pyo.Constraint(phases, rule=lambda m, f: end(f) - m.T <= 0)
    _add_servers(m, menus, end)
    m.at_once = pyo.Constraint(
        range(len(together)),
        rule=lambda m, n: (
            pyo.quicksum(row.functions * m.x[f, o] for f in together[n] for o, row in enumerate(menus[f])) - m.W <= 0
        ),
    )
    cost = pyo.quicksum((menus[f][o].usd + menus[f][o].rent * menus[f][o].seconds) * m.x[f, o] for f, o in m.X)
    cost -= pyo.quicksum(menus[f][o].rent * (menus[f][o].seconds - menus[f][o].kept_s) * m.z[f, o] for f, o in m.Z)
    return m, {"time": m.T, "cost": cost + pyo.quicksum(m.I[key] for key in m.K), "functions": m.W}


def _variables(
    menus: Sequence[Sequence[FlowRow]], after: Sequence[Sequence[int]], before: Sequence[set[int]]
) -> tuple[Any, Callable[[int], Any]]:
    """Sets and variables, and E as a function of the phase."""
    m, phases = pyo.ConcreteModel(), range(len(menus))
    longest = sum(max(row.seconds for row in menu) for menu in menus)
    there = [_servers(menu) for menu in menus]
    stays = [(g, f, *c) for f in phases for g in sorted(before[f]) for c in there[f] if c in there[g]]
    m.K, m.A = (
        pyo.Set(initialize=stays, dimen=4),
        pyo.Set(initialize=[(g, f) for f in phases for g in after[f]], dimen=2),
    )
    m.X = pyo.Set(initialize=[(f, o) for f in phases for o in range(len(menus[f]))], dimen=2)
    can = {(f, *c) for _, f, *c in stays}
    had = [(f, o) for f, o in m.X if (own := menus[f][o].servers) is not None and (f, *own) in can]
    m.Z = pyo.Set(initialize=had, dimen=2)
    m.x, m.k, m.b = (pyo.Var(own, domain=pyo.Binary) for own in (m.X, m.K, m.A))
    m.z, m.S = pyo.Var(m.Z, bounds=(0, 1)), pyo.Var(phases, bounds=(0, longest))
    m.I, m.T, m.W = pyo.Var(m.K, bounds=(0, None)), pyo.Var(bounds=(0, longest)), pyo.Var(bounds=(0, None))
    for f in phases:
        if not after[f]:
            m.S[f].fix(0.0)

    def end(f: int) -> Any:
        taken = pyo.quicksum(row.seconds * m.x[f, o] for o, row in enumerate(menus[f]))
        saved = pyo.quicksum((row.seconds - row.kept_s) * m.z[f, o] for o, row in enumerate(menus[f]) if (f, o) in m.Z)
        return m.S[f] + taken - saved

    return m, end


def _add_servers(m: Any, menus: Sequence[Sequence[FlowRow]], end: Callable[[int], Any]) -> None:
    """Add (2) to (4) and (8)."""

    def rows(f: int, c: tuple[int, ...]) -> list[int]:
        return [o for o, row in enumerate(menus[f]) if row.servers == c]

    def stay(c: tuple[int, ...], place: int, phase: int) -> Any:
        return pyo.quicksum(m.k[key] for key in m.K if key[2:] == c and key[place] == phase)

    m.given_on = pyo.Constraint(
        sorted({(g, *c) for g, _, *c in m.K}),
        rule=lambda m, g, *c: stay(c, 0, g) - pyo.quicksum(m.x[g, o] for o in rows(g, c)) <= 0,
    )
    m.taken_on = pyo.Constraint(
        sorted({(f, *c) for _, f, *c in m.K}),
        rule=lambda m, f, *c: pyo.quicksum(m.z[f, o] for o in rows(f, c)) - stay(c, 1, f) == 0,
    )
    m.there_before = pyo.Constraint(m.Z, rule=lambda m, f, o: m.z[f, o] - m.x[f, o] <= 0)

    def idle(m: Any, g: int, f: int, *c: int) -> Any:
        rent = menus[f][rows(f, c)[0]].rent
        return rent * (m.S[f] - end(g)) - m.I[(g, f, *c)] <= rent * m.T.ub * (1 - m.k[(g, f, *c)])

    m.idle_servers = pyo.Constraint(m.K, rule=idle)


def _servers(menu: Sequence[FlowRow]) -> list[tuple[int, int]]:
    return sorted({row.servers for row in menu if row.servers is not None})
