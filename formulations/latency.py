"""Latency (survey 2.2.1, equations 1, 5, 6, 7, 8; 2.2.3, equations 2, 5, 6).

The time of a path is linear in the path's own variables:

    T = Σ_p T_0 enter_{1,p} + Σ_{s,p} t_{s,p} on_{s,p} + Σ_{s,p,k} τ_s leave_{s,p,k} + Σ_{s,p} c_p enter_{s,p}

with t stage times (7), τ hand-over times (5), T_0 the input's way in (6) and c_p a function's cold start (2.2.3 (5)).
The measures differ only in what the path is multiplied by:

    worst       the plain path, c_p whole when cold starts happen at all      (2.2.3 (2): Latency >= T_I + T_F)
    mean        the path times the reach R_s, c_p times its share             (2.2.1 (1), discounted by reach)
    percentile  the path times a tail marker g_s, c_p whole as for worst

Percentile q of the deterministic mixture: everybody who leaves at stage s has taken the same time, so the percentile
is the time through the first stage after which at most 1 - q of the requests are still inside. g_s = 1 marks the
stages that count:

    R_s - (1 - q) <= (hi_s - (1 - q)) g_s     for s > 1       tail
    g_s <= g_{s-1}, g_1 = 1                                   tail_order

A bound on the measure asked for, whichever it is (2.2.3 (2)):

    latency <= Latency                        latency_ceiling

hi_s is the largest reach the menus allow, so the coefficient is derived. Stages with hi_s <= 1 - q never count. Limits
are kept within `SLACK`.
"""

from __future__ import annotations

from typing import Any

import pyomo.core as pyo

from serflow_opt.formulations.data import SLACK, Data
from serflow_opt.formulations.placement import Path, add_scaled_path


def path_time(data: Data, path: Path, *, cold: str) -> Any:
    """Return the time of a path in units of `data.second`; cold is 'whole' or 'shared'."""

    cold_time = data.mean_cold_time if cold == "shared" else data.whole_cold_time
    return (
        pyo.quicksum(data.entry_time(p) * path.enter[1, p] for p in data.entries)
        + pyo.quicksum(data.time(s, p) * path.on[s, p] for s, p in data.places)
        + pyo.quicksum(data.hop_time(hop) * path.leave[hop] for hop in data.hops)
        + pyo.quicksum(cold_time(p) * path.enter[s, p] for s, p in data.places if cold_time(p) > 0)
    )


def worst_latency(m: Any, data: Data, path: Path) -> Any:
    """Return the time of the whole path (survey 2.2.3 (2)). Expects `add_placement`."""
    return path_time(data, path, cold="whole")


def mean_latency(m: Any, data: Data, scaled: Path) -> Any:
    """Return the mean time (survey 2.2.1 (1)). Expects the path scaled by reach."""
    return path_time(data, scaled, cold="shared")


def percentile_latency(m: Any, data: Data, quantile: float) -> Any:
    """Return the time that a share `quantile` of the requests stays within. Expects exits and placement."""
    inside = 1 - quantile + SLACK
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


def add_latency_ceiling(m: Any, data: Data, latency: Any) -> None:
    """Add latency <= the bound (survey 2.2.3 (2))."""
    assert data.instance.latency_slo_s is not None
    m.latency_ceiling = pyo.Constraint(expr=latency <= (1 + SLACK) * data.instance.latency_slo_s / data.second)
