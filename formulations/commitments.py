"""How much to commit to, for a demand that comes and goes.

Sets
    p in P           plans to commit to
    k in K           things rented: machines of a type, functions in USD an hour
    t in T           rows of the demand

Data
    ω_t              hours of a year that row t stands for
    D_{k,t}          how many of k are rented at once
    π_k              USD an hour of one of k on demand
    ρ_{p,k}          USD an hour of one of k under plan p; only where p covers k
    σ_p              USD an hour that p is bought by; 0: any amount
    φ_p              USD that are paid at the start for one USD an hour of p

Variables
    h_p >= 0         USD an hour committed to p; σ_p n_p with n_p whole where it is bought by steps
    y_{p,k,t} >= 0   USD an hour of p that go to k in row t: y / ρ of k are covered

    Σ_k y_{p,k,t} - h_p <= 0                     within_commitment  (1)  p covers what is paid for
    Σ_p y_{p,k,t} / ρ_{p,k} <= D_{k,t}           within_demand      (2)  and nothing that is not there
    h_p - σ_p n_p = 0                            bought             (3)  where it is bought by steps

and, as quantities, a year's (4) Σ_p h_p Σ_t ω_t committed, (5) that plus Σ_t ω_t Σ_k π_k (D_{k,t} - Σ_p y_{p,k,t} /
ρ_{p,k}) on demand, and (6) Σ_p φ_p h_p paid at the start. Which plan covers what is chosen freely here; providers bill
by a rule, so no bill is below. With one thing and one plan the best h is where the share of hours with more demand
falls to ρ / π (the newsvendor's quantile on the load-duration curve).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pyomo.core as pyo

Matrix = Sequence[Sequence[float]]


class CommitmentOffer(NamedTuple):
    """A plan: rates by what it covers, ρ; the step, σ; and USD at the start, φ."""

    rates: Mapping[int, float]
    step: float
    upfront: float


def commitments_model(
    offers: Sequence[CommitmentOffer], weights: Sequence[float], demand: Matrix, prices: Sequence[float]
) -> tuple[Any, dict[str, Any]]:
    """Return the model, and its quantities as linear expressions: cost, upfront, committed.

    Parameters
    ----------
    offers
        Plans.
    weights, demand
        Hours that rows stand for, ω, T; and the demand, D, T x K.
    prices
        USD an hour on demand, π, K.
    """
    m = pyo.ConcreteModel()
    m.P, m.T = pyo.RangeSet(0, len(offers) - 1), pyo.RangeSet(0, len(weights) - 1)
    m.Y = pyo.Set(initialize=[(p, k) for p, own in enumerate(offers) for k in own.rates], dimen=2)
    m.h = pyo.Var(m.P, domain=pyo.NonNegativeReals)
    stepped = [p for p, own in enumerate(offers) if own.step]
    m.n = pyo.Var(stepped, domain=pyo.NonNegativeIntegers)
    m.bought = pyo.Constraint(stepped, rule=lambda m, p: m.h[p] - offers[p].step * m.n[p] == 0)
    m.y = pyo.Var(m.Y, m.T, domain=pyo.NonNegativeReals)
    m.within_commitment = pyo.Constraint(
        m.P, m.T, rule=lambda m, p, t: pyo.quicksum(m.y[p, k, t] for k in offers[p].rates) - m.h[p] <= 0
    )
    by = {k: [p for p, own in enumerate(offers) if k in own.rates] for k in range(len(prices))}
    m.within_demand = pyo.Constraint(
        [k for k, own in by.items() if own],
        m.T,
        rule=lambda m, k, t: pyo.quicksum(m.y[p, k, t] / offers[p].rates[k] for p in by[k]) <= demand[t][k],
    )
    hours = sum(weights)
    committed = hours * pyo.quicksum(m.h[p] for p in m.P)
    alone = sum(
        w * d * price for w, row in zip(weights, demand, strict=True) for d, price in zip(row, prices, strict=True)
    )
    saved = pyo.quicksum(weights[t] * prices[k] / offers[p].rates[k] * m.y[p, k, t] for p, k in m.Y for t in m.T)
    upfront = pyo.quicksum(own.upfront * m.h[p] for p, own in enumerate(offers))
    return m, {"cost": committed + alone - saved, "upfront": upfront, "committed": committed}
