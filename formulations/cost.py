"""Money per request as it is billed (survey 2.2.3, equations 1, 5 and 6, read so that every request is paid for).

Common to both accountings, with u the path scaled by the reach R_s, in USD per request:

    functions   Σ_{s,p} C_p t_{s,p} u_{s,p} + Σ_{s,p} (fee_p + C_p share_p T_cold,p) uenter_{s,p}
    links       Σ_p price_0 enter_{1,p} + Σ_{s,p,k} price_s uleave_{s,p,k}

per-request: a machine costs its price for the time it is busy, and VMs and edge servers also while they send (6):

    machines    Σ_{s,p} C_p t_{s,p} u_{s,p} + Σ_{s,p,k} C_p τ_s uleave_{s,p,k}

The survey multiplies the IaaS term by Σ_{pid <= cutid} β, which forgets the requests that go on; here each stage is
weighted by its reach.

reserved: machines are rented whole. busy_p is the sum above without the price, in seconds per request:

    n_p integer, n_p >= rate busy_p / η                     rent_enough
    n_p >= x_{s,p}                                          rent_one
    machines    Σ_p C_p n_p / rate

η is the utilisation cap. rent_one stands where the stage takes time and is sure to be reached (lo_s > 0). n_p is at
most what a whole path at the largest reach needs.

A ceiling on the cost, while something else is minimised among equally cheap plans:

    cost <= limit                                           cost_ceiling
"""

from __future__ import annotations

import math
from typing import Any

import pyomo.core as pyo

from serflow_opt.formulations.data import SLACK, Data
from serflow_opt.formulations.placement import Path


def function_and_link_cost(data: Data, path: Path, scaled: Path) -> Any:
    """Return what functions and links cost per request, in units of `data.dollar`."""
    return (
        pyo.quicksum(
            data.busy_price(p) * data.time(s, p) * scaled.on[s, p] for s, p in data.places if data.is_function(p)
        )
        + pyo.quicksum(data.invocation_price(p) * scaled.enter[s, p] for s, p in data.places if data.is_function(p))
        + pyo.quicksum(data.entry_price(p) * path.enter[1, p] for p in data.entries)
        + pyo.quicksum(data.hop_price(hop) * scaled.leave[hop] for hop in data.hops)
    )


def busy_time(data: Data, p: int, scaled: Path) -> Any:
    """Return how long one request keeps machine p busy on average, waits included, in units of `data.second`."""
    computing = pyo.quicksum(data.time(s, q) * scaled.on[s, q] for s, q in data.places if q == p)
    if not data.waits(p):
        return computing
    return computing + pyo.quicksum(data.hop_time(hop) * scaled.leave[hop] for hop in data.hops if hop[1] == p)


def per_request_cost(m: Any, data: Data, path: Path, scaled: Path) -> Any:
    """Return price x busy time, functions and links, in units of `data.dollar` per request."""
    machines = pyo.quicksum(
        data.busy_price(p) * busy_time(data, p, scaled) for p in data.options if not data.is_function(p)
    )
    return machines + function_and_link_cost(data, path, scaled)


def add_cost_ceiling(m: Any, data: Data, cost: Any, limit: float) -> None:
    """Add cost <= limit, USD per request."""
    m.cost_ceiling = pyo.Constraint(expr=cost <= limit / data.dollar)


def reserved_cost(m: Any, data: Data, path: Path, scaled: Path) -> Any:
    """Return rent shared by the requests, functions and links, in units of `data.dollar` per request.

    Adds n[p], the machines rented. Expects placement and the path scaled by reach.
    """
    instance = data.instance
    assert instance.rate_per_s is not None
    per_second = instance.rate_per_s * data.second / instance.utilisation_cap
    machines = sorted({p for _, p in data.places if not data.is_function(p)})

    def most(p: int) -> int:
        longest = sum(data.reach_high[s] * data.time(s, p) for s, q in data.places if q == p)
        if data.waits(p):
            longest += max((data.hop_time(hop) for hop in data.hops if hop[1] == p), default=0.0)
        return math.ceil(per_second * longest) + 1

    m.n = pyo.Var(machines, domain=pyo.NonNegativeIntegers, bounds=lambda m, p: (0, most(p)))

    @m.Constraint(machines)
    def rent_enough(m: Any, p: int) -> Any:
        return m.n[p] >= (1 - SLACK) * per_second * busy_time(data, p, scaled)

    @m.Constraint([(s, p) for s, p in data.places if not data.is_function(p) and data.time(s, p) > 0])
    def rent_one(m: Any, s: int, p: int) -> Any:
        if data.reach_low[s] <= 0:
            return pyo.Constraint.Skip
        return m.n[p] >= m.x[s, p]

    rent = {p: data.busy_price(p) / (instance.rate_per_s * data.second) for p in machines}
    return pyo.quicksum(rent[p] * m.n[p] for p in machines) + function_and_link_cost(data, path, scaled)
