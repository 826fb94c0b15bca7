"""Latency (survey 2.2.1, equations 1, 5, 6, 7, 8; 2.2.3, equations 2, 5, 6).

The time of a path is linear in the path's own variables:

    T = Σ_{s,e} t_{s,e} on_{s,e} + Σ_{s,e,k,w} (τ_{s,e,k,w} + enc_{e,w}) leave_{s,e,k,w}
      + Σ_{s,e,w} (c_e + dec_{e,w}) enter_{s,e,w}

with t stage times (7), τ hand-over times (5), before stage 1 the input's way in (6), enc and dec what compression and
protection add on the sender and the receiver, and c_e a function's cold start (2.2.3 (5)).
The measures differ only in what the path is multiplied by:

    worst       the plain path, c_p whole when cold starts happen at all      (2.2.3 (2): Latency >= T_I + T_F)
    mean        the path times the reach R_s, c_p times its share             (2.2.1 (1), discounted by reach)
    percentile  the path times a tail marker g_s, c_p whole as for worst

Percentile q of the deterministic mixture: everybody who leaves at stage s has taken the same time, so the percentile
is the time through the first stage after which at most 1 - q of the requests are still inside. g_s = 1 marks the
stages that count:

    R_s - (1 - q) <= (hi_s - (1 - q)) g_s     for s > 1       tail
    g_s <= g_{s-1}, g_1 = 1                                   tail_order

Percentile q of random stage times (`tail`): with independent stages the variance of a path is Σ σ²_{s,e} x_{s,e}, and
since x² = x its root is a norm, convex in x. With k standard deviations for q (`Instance.deviations`)

    T_q = T + k ‖(σ_{s,e} x_{s,e})‖₂                  of a request that goes all the way
    spread >= σ_{s,e} x_{s,e}                         spread_one
    spread √(Σ_s max_e σ²_{s,e}) >= Σ σ²_{s,e} x_{s,e}    spread_all    ‖σ x‖ times its largest value is at least ‖σ x‖²

The cone spread >= ‖σ x‖ is approached from outside: at each solution x̄ that breaks it, the search adds the cut

    spread >= Σ σ²_{s,e} x̄_{s,e} x_{s,e} / ‖σ x̄‖,

which holds for all x (Cauchy-Schwarz) and with equality at x̄. There are finitely many x̄.

A bound on the measure asked for, whichever it is (2.2.3 (2)):

    latency <= Latency                        latency_ceiling

hi_s is the largest reach the menus allow, so the coefficient is derived. Stages with hi_s <= 1 - q never count. Limits
are opened by `Sets.slack`.
"""

from __future__ import annotations

import math
from typing import Any

import pyomo.core as pyo

from serflow_opt.formulations.data import Data, Hop
from serflow_opt.formulations.placement import Path, add_scaled_path


def path_time(data: Data, path: Path, *, cold: str) -> Any:
    """Return the time of a path in units of `data.second`; cold is 'whole' or 'shared'."""

    cold_time = data.mean_cold_time if cold == "shared" else data.whole_cold_time

    def begin(s: int, e: int, w: int) -> float:
        return cold_time(e) + data.decode_time((s, e, w))

    def move(hop: Hop) -> float:
        return data.hop_time(hop) + data.encode_time(hop)

    return (
        pyo.quicksum(data.time(s, e) * path.on[s, e] for s, e in data.places)
        + pyo.quicksum(move(hop) * path.leave[hop] for hop in data.hops)
        + pyo.quicksum(begin(*entry) * path.enter[entry] for entry in data.entries if begin(*entry) > 0)
    )


def worst_latency(m: Any, data: Data, path: Path) -> Any:
    """Return the time of the whole path (survey 2.2.3 (2)). Expects `add_placement`."""
    return path_time(data, path, cold="whole")


def mean_latency(m: Any, data: Data, scaled: Path) -> Any:
    """Return the mean time (survey 2.2.1 (1)). Expects the path scaled by reach."""
    return path_time(data, scaled, cold="shared")


def percentile_latency(m: Any, data: Data, quantile: float) -> Any:
    """Return the time that a share `quantile` of the requests stays within. Expects exits and placement."""
    inside = 1 - quantile + data.slack
    m.g = pyo.Var(data.stages, domain=pyo.Binary)
    m.g[1].fix(1)
    for s in data.stages[1:]:
        if data.reach_high[s] <= inside:
            m.g[s].fix(0)
    free = [s for s in data.stages[1:] if not m.g[s].fixed]

    @m.Constraint(free)
    def tail(m: Any, s: int) -> Any:
        return m.R[s] - inside <= (data.reach_high[s] - inside) * m.g[s]

    @m.Constraint(free)
    def tail_order(m: Any, s: int) -> Any:
        return m.g[s] <= m.g[s - 1]

    low = {s: 1.0 if data.reach_low[s] > inside or s == 1 else 0.0 for s in data.stages}
    high = {s: 0.0 if s > 1 and data.reach_high[s] <= inside else 1.0 for s in data.stages}
    marked = add_scaled_path(m, data, "tail_path", m.g, low, high)
    return path_time(data, marked, cold="whole")


def tail_latency(m: Any, data: Data, path: Path, deviations: float) -> Any:
    """Return a percentile of random stage times, `deviations` standard deviations above the mean. Expects placement.

    Adds spread, which the cuts of the search push up to the norm.
    """
    m.spread = pyo.Var(domain=pyo.NonNegativeReals)
    random = [(s, e) for s, e in data.places if data.deviation(s, e) > 0]

    @m.Constraint(random)
    def spread_one(m: Any, s: int, e: int) -> Any:
        return m.spread >= data.deviation(s, e) * m.x[s, e]

    most = {s: max((data.deviation(t, e) for t, e in random if t == s), default=0.0) for s in data.stages}
    largest = math.sqrt(math.fsum(sd**2 for sd in most.values()))
    if largest > 0:
        squares = pyo.quicksum(data.deviation(*place) ** 2 * m.x[place] for place in random)
        m.spread_all = pyo.Constraint(expr=largest * m.spread >= squares)
    return path_time(data, path, cold="whole") + deviations * m.spread


def add_latency_ceiling(m: Any, data: Data, latency: Any) -> None:
    """Add latency <= the bound (survey 2.2.3 (2))."""
    assert data.instance.latency_slo_s is not None
    m.latency_ceiling = pyo.Constraint(expr=data.at_most(latency, data.instance.latency_slo_s / data.second))
