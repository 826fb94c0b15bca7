"""Latency: the time of a path and its measures (survey 2.2.1 (1), survey 2.2.3 (2)).

The time of a path is linear in the path's own variables:

    T = Σ_{s,e} t_{s,e} on_{s,e} + Σ_{s,e,k,w} (τ_{s,e,k,w} + enc_{e,w}) leave_{s,e,k,w}
      + Σ_{s,e,w} (c_e + dec_{e,w}) enter_{s,e,w}

with t stage times (survey 2.2.1 (7)), τ hand-over times (survey 2.2.1 (5)), before stage 1 the input's way in
(survey 2.2.1 (6)), enc and dec what compression and protection add on the sender and the receiver, and c_e a function's
cold start (survey 2.2.3 (5)).
The measures differ only in what the path is multiplied by:

    worst       the plain path, c_p whole when cold starts happen at all   survey 2.2.3 (2): Latency >= T_I + T_F
    mean        the path times the reach R_s, c_p times its share          survey 2.2.1 (1), discounted by reach
    percentile  the path times a tail marker g_s

Percentile q of the deterministic mixture: everybody who leaves at stage s has taken the same time, so the percentile
is the time through the first stage after which at most 1 - q of the requests are still inside. g_s = 1 marks the
stages that count:

    R_s - (1 - q) <= (hi_s - (1 - q)) g_s     for s > 1       tail
    g_s <= g_{s-1}, g_1 = 1                                   tail_order

A cold start that only a share of the requests meets is a chance i of probability P_i (`Data.chances`): those of a tier
are one chance for each share its options have, as a request enters the tier once; in a stage_specific tier there is one
for each stage, too. Chances are independent, and one that no function of the plan takes changes nothing. So the
requests fall into as many kinds k, sets of chances, as there are sets, each a share P_k = Π_i P_i Π_j (1 - P_j) of
every exit class. A kind has a marker and a path scaled by it of its own, with the cold starts of its chances, T_k, and
L_k is what part of it is late:

    T_k <= T_q                                                late_time
    R_s - hi_s g_{k,s} <= L_k                                 late_share
    Σ_k P_k L_k <= 1 - q                                      late
    g_{k,s} <= g_{k,s-1}                                      late_order
    g_{k,s} <= g_{j,s}      j is k less one chance            late_chance
    g_{k,s} = 1             where lo_s times the share of the kinds that have all chances of k is above 1 - q

Beyond `MOST_CHANCES` chances the lesser ones, by probability times cold start, are left out, which makes the model a
relaxation: the exact evaluation cuts off what is valued too low.

Percentile q of random stage times (`tail`): with independent stages the variance of a path is Σ σ²_{s,e} x_{s,e}, and
since x² = x its root is a norm, convex in x. With k standard deviations for q (`Instance.deviations`)

    T_q = T + k ‖(σ_{s,e} x_{s,e})‖₂                  of a request that goes all the way
    spread >= σ_{s,e} x_{s,e}                         spread_one
    spread √(Σ_s max_e σ²_{s,e}) >= Σ σ²_{s,e} x_{s,e}    spread_all    ‖σ x‖ times its largest value is at least ‖σ x‖²

The cone spread >= ‖σ x‖ is approached from outside: at each solution x̄ that breaks it, the search adds the cut

    spread >= Σ σ²_{s,e} x̄_{s,e} x_{s,e} / ‖σ x̄‖,

which holds for all x (Cauchy-Schwarz) and with equality at x̄. There are finitely many x̄.

A bound on the measure asked for, whichever it is:

    latency <= Latency                        latency_ceiling

hi_s is the largest reach the menus allow, so the coefficient is derived. Stages with hi_s <= 1 - q never count. Limits
are opened by `Sets.slack`.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from itertools import combinations
from typing import Any

import pyomo.core as pyo

from serflow_opt.formulations.coefficients import Chance, Data, Hop
from serflow_opt.formulations.placement import Path, add_scaled_path

MOST_CHANCES = 4
"""Chances of cold starts that the model tells apart: their sets are 2 to the power of this."""


def path_time(data: Data, path: Path, *, cold: str, met: Collection[Chance] = ()) -> Any:
    """Return the time of a path in units of `data.second` (survey 2.2.1 (8)).

    Parameters
    ----------
    cold
        'whole', 'shared', or 'met': whole where all requests meet it or the chance is one of `met`.
    """

    def cold_time(s: int, e: int) -> float:
        if cold == "shared":
            return data.mean_cold_time(e)
        chance = data.chance(s, e) if cold == "met" else None
        return data.whole_cold_time(e) if chance is None or chance in met else 0.0

    def begin(s: int, e: int, w: int) -> float:
        return cold_time(s, e) + data.decode_time((s, e, w))

    def move(hop: Hop) -> float:
        return data.hop_time(hop) + data.encode_time(hop)

    return (
        pyo.quicksum(data.time(s, e) * path.on[s, e] for s, e in data.places)
        + pyo.quicksum(move(hop) * path.leave[hop] for hop in data.hops)
        + pyo.quicksum(begin(*entry) * path.enter[entry] for entry in data.entries if begin(*entry) > 0)
    )


def worst_latency(m: Any, data: Data, path: Path) -> Any:
    """Return the time of the whole path (survey 2.2.3 (2)). Expects `add_placement`.

    Parameters
    ----------
    m
        Not read: all measures are given it.
    path
        The plain path.
    """
    return path_time(data, path, cold="whole")


def mean_latency(m: Any, data: Data, scaled: Path) -> Any:
    """Return the mean time (survey 2.2.1 (1)). Expects the path scaled by reach.

    Parameters
    ----------
    m
        Not read: all measures are given it.
    scaled
        The path scaled by reach.
    """
    return path_time(data, scaled, cold="shared")


def percentile_latency(m: Any, data: Data, quantile: float) -> Any:
    """Return the time that a share `quantile` of the requests stays within. Expects exits and placement.

    Parameters
    ----------
    quantile
        q, above 0 and below 1.

    Returns
    -------
    pyomo expression
        In units of `data.second`. Adds g and a scaled path, or T_q and a path a kind where cold starts come by chance.
    """
    inside = 1 - quantile + data.slack
    chances = data.chances[:MOST_CHANCES]
    if data.chances:
        return _mixed_percentile(m, data, inside, chances)
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
    return path_time(data, marked, cold="whole")  # all requests meet the cold starts there are


def _mixed_percentile(m: Any, data: Data, inside: float, chances: Collection[Chance]) -> Any:
    """Return the percentile where cold starts are met by chance: T_q, with at most `inside` of the requests late."""
    kinds = [kind for count in range(len(chances) + 1) for kind in combinations(chances, count)]
    number = {kind: k for k, kind in enumerate(kinds)}

    def share(kind: tuple[Chance, ...]) -> float:
        return math.prod(chance.share if chance in kind else 1 - chance.share for chance in chances)

    def surely(k: int, s: int) -> bool:
        all_of = math.prod(chance.share for chance in kinds[k])
        return all_of * data.reach_low[s] > inside

    m.T_q = pyo.Var(domain=pyo.NonNegativeReals)
    m.late_g = pyo.Var(list(number.values()), data.stages, domain=pyo.Binary)
    m.L = pyo.Var(list(number.values()), bounds=(0.0, 1.0))
    for k, s in m.late_g:
        if surely(k, s):
            m.late_g[k, s].fix(1)

    @m.Constraint(list(number.values()), data.stages)
    def late_share(m: Any, k: int, s: int) -> Any:
        return pyo.Constraint.Skip if surely(k, s) else m.R[s] - data.reach_high[s] * m.late_g[k, s] <= m.L[k]

    m.late = pyo.Constraint(expr=pyo.quicksum(share(kind) * m.L[k] for kind, k in number.items()) <= inside)

    @m.Constraint(list(number.values()), data.stages[1:])
    def late_order(m: Any, k: int, s: int) -> Any:
        return pyo.Constraint.Skip if surely(k, s) else m.late_g[k, s] <= m.late_g[k, s - 1]

    lesser = [(number[kind], number[kind[:i] + kind[i + 1 :]]) for kind in kinds for i in range(len(kind))]

    @m.Constraint([(k, j, s) for k, j in lesser for s in data.stages])
    def late_chance(m: Any, k: int, j: int, s: int) -> Any:
        return pyo.Constraint.Skip if surely(j, s) else m.late_g[k, s] <= m.late_g[j, s]

    m.late_time = pyo.Constraint(list(number.values()))
    for kind, k in number.items():
        low = {s: float(surely(k, s)) for s in data.stages}
        weight = {s: m.late_g[k, s] for s in data.stages}
        marked = add_scaled_path(m, data, f"late_path_{k}", weight, low, dict.fromkeys(data.stages, 1.0))
        m.late_time[k] = path_time(data, marked, cold="met", met=kind) <= m.T_q
    return m.T_q


def tail_latency(m: Any, data: Data, path: Path, deviations: float) -> Any:
    """Return a percentile of random stage times, `deviations` standard deviations above the mean. Expects placement.

    Adds spread, which the cuts of the search push up to the norm.

    Parameters
    ----------
    path
        The plain path.
    deviations
        k, of `Instance.deviations`.
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
    """Add latency <= the bound.

    Parameters
    ----------
    latency
        Expression of the measure asked for, in units of `data.second`.
    """
    assert data.instance.latency_slo_s is not None
    m.latency_ceiling = pyo.Constraint(  # survey 2.2.3 (2)
        expr=data.at_most(latency, data.instance.latency_slo_s / data.second)
    )
