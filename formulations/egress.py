"""Prices by volume: what leaves over some links in a month is paid tier by tier (a piecewise linear sum).

Sets
----
j in tariffs            prices by volume; H_j the hops over the links that name j
k in tiers of j         those that a plan can fill: the first one begins at 0, the last one ends at V_j

Data: b_h the bytes of a hop, gradient included; [lo_{j,k}, hi_{j,k}] the bytes of a request from tier to tier, p_{j,k}
USD per byte, f_{j,k} what the line of tier k costs at 0, so that f + p v is what v bytes cost where lo <= v <= hi.

Variables
    tier_{j,k}      1 where the last byte falls into tier k
    sent_{j,k}      bytes of a request, in the tier that holds the last one

Equations
    Σ_k tier_{j,k} = 1                                              one_tier
    Σ_k sent_{j,k} = Σ_{h in H_j} b_h uleave_h                      sent_bytes
    lo_{j,k} tier_{j,k} <= sent_{j,k} <= hi_{j,k} tier_{j,k}        tier_low, tier_high
    cost gains Σ_{j,k} f_{j,k} tier_{j,k} + p_{j,k} sent_{j,k}

Prices that fall with volume make the sum concave: binaries are what it takes. V_j, where the last tier ends, is what
the hand-overs can send at most: of each stage the largest hop, at the largest reach; a path uses a link once, so that
no more stages count than j has links.

A search among tiers has one price a byte and limits in their place:

    least_i <= Σ_{h in H_i} b_h uleave_h <= most_i                  sent_least, sent_most
"""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any

import pyomo.core as pyo

from serflow_opt.formulations.coefficients import Data, unit_of
from serflow_opt.formulations.placement import Path
from serflow_opt.formulations.volumes import hop_bytes, hops_over, most_sent, tier_lines
from serflow_opt.problem.egress import links_of
from serflow_opt.problem.tariffs import Pair


def add_egress(m: Any, data: Data, scaled: Path) -> Any:
    """Add tiers of volume; return what they cost a request, in units of `data.dollar`.

    Parameters
    ----------
    m
        The model.
    scaled
        The path scaled by reach.
    """
    own = {}
    for j, tariff in enumerate(data.instance.egress):
        links = links_of(data.instance, tariff)
        most = most_sent(data, links)
        if most > 0:
            own[j] = links, most, tier_lines(data.instance, tariff, most)
    pairs = [(j, k) for j, (_, _, lines) in own.items() for k in range(len(lines))]
    unit = {j: unit_of([most]) for j, (_, most, _) in own.items()}
    m.tier = pyo.Var(pairs, domain=pyo.Binary)
    m.sent = pyo.Var(pairs, domain=pyo.NonNegativeReals)

    @m.Constraint(list(own))
    def one_tier(m: Any, j: int) -> Any:
        return pyo.quicksum(m.tier[j, k] for k in range(len(own[j][2]))) == 1

    @m.Constraint(list(own))
    def sent_bytes(m: Any, j: int) -> Any:
        sent = pyo.quicksum(m.sent[j, k] for k in range(len(own[j][2])))
        return sent == _bytes(data, scaled, own[j][0], unit[j])

    @m.Constraint(pairs)
    def tier_low(m: Any, j: int, k: int) -> Any:
        low = own[j][2][k].low
        return pyo.Constraint.Skip if low <= 0 else m.sent[j, k] >= low / unit[j] * m.tier[j, k]

    @m.Constraint(pairs)
    def tier_high(m: Any, j: int, k: int) -> Any:
        return m.sent[j, k] <= own[j][2][k].high / unit[j] * m.tier[j, k]

    return pyo.quicksum(
        own[j][2][k].fixed / data.dollar * m.tier[j, k] + own[j][2][k].slope * unit[j] / data.dollar * m.sent[j, k]
        for j, k in pairs
    )


def add_sent_limits(m: Any, data: Data, scaled: Path) -> None:
    """Add the limits on bytes over links that a search among tiers sets.

    Parameters
    ----------
    m
        The model.
    scaled
        The path scaled by reach.
    """
    limits = data.instance.sent_limits
    sizes = [unit_of([limit.least, limit.most if limit.most < math.inf else 0.0]) for limit in limits]
    sent = [_bytes(data, scaled, limit.links, size) for limit, size in zip(limits, sizes, strict=True)]

    @m.Constraint([i for i, limit in enumerate(limits) if limit.least > 0])
    def sent_least(m: Any, i: int) -> Any:
        return sent[i] >= (1 - data.slack) * limits[i].least / sizes[i]

    @m.Constraint([i for i, limit in enumerate(limits) if limit.most < math.inf])
    def sent_most(m: Any, i: int) -> Any:
        return sent[i] <= data.opened(limits[i].most / sizes[i])


def _bytes(data: Data, scaled: Path, links: Collection[Pair], unit: float) -> Any:
    """Bytes of a request over some links, in a unit."""
    return pyo.quicksum(hop_bytes(data, hop) / unit * scaled.leave[hop] for hop in hops_over(data, links))
