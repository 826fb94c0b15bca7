"""What a pool over time costs at least, for who knows when which machines can be had.

Sets
    j in J           offers
    t in T           stretches of steps in which nothing changes, neither what can be had nor what is asked; one also
                     begins where machines that are started when an offer comes back begin to serve
    J_t, S_t         offers that can be had in t; those of which machines may begin to serve in t, because they could be
                     had while these started
    i in I_t         lines below the share of late requests by workers up, the corners of its convex hull joined

Data
    Δ_t, ω_t         seconds of t, and its share of all requests
    π_j, σ_j         USD a second of a machine, and for its start: it is paid before it serves
    w_j, N_j         workers of a machine, and how many there may be
    e_t              workers that are enough
    α_i, β_i         share of late requests at no worker, and what each takes off it
    L                share of all requests that may be late

Variables
    x_{j,t} >= 0     machines of j that serve in t, at most N_j
    s_{j,t} >= 0     that begin to
    y_t >= 0         share of late requests in t

    min Σ_t Δ_t Σ_j π_j x_{j,t} + Σ_{t > 0} Σ_j σ_j s_{j,t}                  (1)  what serves at first is there already
    x_{j,t} - x_{j,t-1} - s_{j,t} <= 0               begin       (2)  no s where j is not in S_t, no x_{j,t-1} where it
                                                                      is not in J_{t-1}
    Σ_j w_j x_{j,t} >= e_t                           enough      (3)  without L
    y_t + β_i Σ_j w_j x_{j,t} >= α_i                 lateness    (4)  with L
    Σ_t ω_t y_t <= L                                 few_late    (5)

Nothing is cheaper: machines are whole, lateness is not below its convex hull, and whoever does not know what comes has
no more choice. With (3) and machines of one worker each the optimum is whole: units of flow run along the offers
through time, a network. Machines that start take no room.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyomo.core as pyo


@dataclass(frozen=True, slots=True)
class ForesightStretch:
    """A stretch t.

    Attributes
    ----------
    seconds, share
        Δ, ω.
    offers, begin
        J_t and S_t, by position.
    enough
        e.
    lines
        α and β of each i.
    """

    seconds: float
    share: float
    offers: Sequence[int]
    begin: frozenset[int]
    enough: float
    lines: Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class ForesightOffer:
    """An offer: π, σ, w, N."""

    usd_per_s: float
    start_usd: float
    workers: int
    most: int


def foresight_model(
    stretches: Sequence[ForesightStretch], offers: Mapping[int, ForesightOffer], late_max: float | None
) -> Any:
    """Return the model, its objective in USD.

    Parameters
    ----------
    stretches, offers
        T, and J by position.
    late_max
        L; None: enough are up at all times.
    """
    m = pyo.ConcreteModel()
    m.T = pyo.RangeSet(0, len(stretches) - 1)
    m.X = pyo.Set(initialize=[(j, t) for t, own in enumerate(stretches) for j in own.offers], dimen=2)
    m.S = pyo.Set(initialize=[(j, t) for j, t in m.X if j in stretches[t].begin], dimen=2)
    m.x = pyo.Var(m.X, bounds=lambda m, j, t: (0, offers[j].most))
    m.s = pyo.Var(m.S, domain=pyo.NonNegativeReals)
    there = [frozenset(own.offers) for own in stretches]

    def begin(m: Any, j: int, t: int) -> Any:
        before = m.x[j, t - 1] if t and j in there[t - 1] else 0.0
        started = m.s[j, t] if j in stretches[t].begin else 0.0
        return m.x[j, t] - before - started <= 0

    m.begin = pyo.Constraint(m.X, rule=begin)

    def workers(t: int) -> Any:
        return pyo.quicksum(offers[j].workers * m.x[j, t] for j in stretches[t].offers)

    if late_max is None:
        m.enough = pyo.Constraint(m.T, rule=lambda m, t: workers(t) >= stretches[t].enough)
    else:
        m.y = pyo.Var(m.T, domain=pyo.NonNegativeReals)
        m.I = pyo.Set(initialize=[(i, t) for t, own in enumerate(stretches) for i in range(len(own.lines))], dimen=2)

        def lateness(m: Any, i: int, t: int) -> Any:
            at_none, each = stretches[t].lines[i]
            return m.y[t] + each * workers(t) >= at_none

        m.lateness = pyo.Constraint(m.I, rule=lateness)
        m.few_late = pyo.Constraint(
            expr=pyo.quicksum(own.share * m.y[t] for t, own in enumerate(stretches)) <= late_max
        )
    m.cost = pyo.Objective(
        expr=pyo.quicksum(stretches[t].seconds * offers[j].usd_per_s * m.x[j, t] for j, t in m.X)
        + pyo.quicksum(offers[j].start_usd * m.s[j, t] for j, t in m.S if t)
    )
    return m
