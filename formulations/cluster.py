"""Servers filled with instances of networks: how many of each filling, so that every network is served.

Sets
    m in M           networks
    j in J           types of servers
    p in P           fillings (columns): instances that fit together on a server of type j_p

Data
    R_m              requests a second of network m
    u_mp, l_mp       the most and the least requests a second of m that the instances of p serve
    S_j              servers there are
    c_j, g_p         price of a server, and what the instances of p take

Whether instances fit on cores and cards is in the fillings, batches and targets are in u and l: nothing is approximated
here, and the model is an integer cover. θ is the load that is served: where rates are asked it is 1 at least, and
nothing may need more than they are (λ = 1); else only the mix counts (λ = θ).

    R_m θ - Σ_p u_mp x_p <= 0               served          (1)  instances serve all requests
    Σ_p l_mp x_p - R_m λ <= 0               fed             (2)  and all batches are full in time
    Σ_{p: j_p = j} x_p <= S_j               there           (3)  there are no more servers
    n_lo <= Σ_p n_kp x_p <= n_hi            branched        (4)  instances of configuration k, in a branch

Where instances take nothing but slices of cards (`cut`), any instances fit whose slices there are, and no filling is
listed: z_j servers, y_jl of their cards cut by layout l, with a_ls slices s each, and n_kj instances are counted.

    Σ_l y_jl - G_j z_j <= 0                 cut_cards       (9)  cards of servers that are opened
    Σ_{k: s_k = s} n_kj - Σ_l a_ls y_jl <= 0    slices      (10) each instance has its slice

Then the sums over fillings in (1), (2) and (5) to (8) are over instances and servers.

and, as quantities that are minimised or limited, (5) the servers Σ_p x_p, (6) their price Σ_p c_{j_p} x_p, (7) what
instances take Σ_p g_p x_p and (8) the requests a second Σ_m R_m θ. Rows of a network are divided by R_m.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pyomo.core as pyo


class Filling(NamedTuple):
    """Instances that fit together on a server of a type: what they serve of each network, at most and at least."""

    server: int
    up: Sequence[float]
    low: Sequence[float]
    resources: float


class Offer(NamedTuple):
    """A type of servers: its price and how many there are."""

    price: float
    most: int


class Branch(NamedTuple):
    """How many instances of a configuration there are: by filling, and bounds of the sum."""

    instances: Sequence[float]
    least: float
    most: float


class CardSlice(NamedTuple):
    """An instance that takes a slice of a card and nothing else, on a type of servers."""

    server: int
    network: int
    slice: str
    up: float
    low: float
    resources: float


class Layout(NamedTuple):
    """A way to cut a card of a type of servers: how many there are of each slice."""

    server: int
    slices: Mapping[str, int]


def cut(
    pieces: Sequence[CardSlice],
    layouts: Sequence[Layout],
    offers: Sequence[Offer],
    cards: Sequence[int],
    rates: Sequence[float],
    asked: bool,
) -> tuple[Any, dict[str, Any]]:
    """Return the model for slices, and servers, price, resources and throughput as linear expressions.

    Parameters
    ----------
    pieces, layouts
        Instances and cuts of cards that there are to choose.
    offers, cards
        Types of servers, and the cards of one.
    rates, asked
        As `cover` takes them.
    """
    m = pyo.ConcreteModel()
    m.K, m.L = pyo.RangeSet(0, len(pieces) - 1), pyo.RangeSet(0, len(layouts) - 1)
    m.J, m.M = pyo.RangeSet(0, len(offers) - 1), pyo.RangeSet(0, len(rates) - 1)
    m.z = pyo.Var(m.J, domain=pyo.NonNegativeIntegers, bounds=lambda m, j: (0, offers[j].most))
    room = [own.most * count for own, count in zip(offers, cards, strict=True)]
    m.y = pyo.Var(m.L, domain=pyo.NonNegativeIntegers, bounds=lambda m, n: (0, room[layouts[n].server]))
    m.n = pyo.Var(m.K, domain=pyo.NonNegativeIntegers)
    m.theta = pyo.Var(bounds=(1.0 if asked else 0.0, None))
    used = sorted({(own.server, own.slice) for own in pieces})
    m.S = pyo.RangeSet(0, len(used) - 1)

    @m.Constraint(m.M)
    def served(m: Any, n: int) -> Any:
        own = [(k, piece.up / rates[n]) for k, piece in enumerate(pieces) if piece.network == n]
        return m.theta - pyo.quicksum(up * m.n[k] for k, up in own) <= 0

    @m.Constraint(m.M)
    def fed(m: Any, n: int) -> Any:
        own = [(k, piece.low / rates[n]) for k, piece in enumerate(pieces) if piece.network == n and piece.low]
        needed = pyo.quicksum(low * m.n[k] for k, low in own)
        return needed <= (1.0 if asked else m.theta) if own else pyo.Constraint.Skip

    @m.Constraint(m.J)
    def cut_cards(m: Any, j: int) -> Any:
        own = [m.y[n] for n, layout in enumerate(layouts) if layout.server == j]
        return pyo.quicksum(own) <= cards[j] * m.z[j] if own else pyo.Constraint.Skip

    @m.Constraint(m.S)
    def slices(m: Any, s: int) -> Any:
        held = pyo.quicksum(m.n[k] for k, own in enumerate(pieces) if (own.server, own.slice) == used[s])
        there = [(n, own.slices.get(used[s][1], 0)) for n, own in enumerate(layouts) if own.server == used[s][0]]
        return held - pyo.quicksum(count * m.y[n] for n, count in there if count) <= 0

    return m, {
        "servers": pyo.quicksum(m.z[j] for j in m.J),
        "price": pyo.quicksum(own.price * m.z[j] for j, own in enumerate(offers)),
        "resources": pyo.quicksum(own.resources * m.n[k] for k, own in enumerate(pieces)),
        "throughput": sum(rates) * m.theta,
    }


def cover(
    fillings: Sequence[Filling],
    offers: Sequence[Offer],
    rates: Sequence[float],
    asked: bool,
    branches: Sequence[Branch] = (),
) -> tuple[Any, dict[str, Any]]:
    """Return the model, and servers, price, resources and throughput as linear expressions.

    Parameters
    ----------
    fillings
        What there is to choose.
    offers
        Types of servers.
    rates
        Requests a second of each network.
    asked
        Whether these have to be served.
    branches
        Bounds on numbers of instances.
    """
    m = pyo.ConcreteModel()
    m.P, m.M = pyo.RangeSet(0, len(fillings) - 1), pyo.RangeSet(0, len(rates) - 1)
    m.J, m.B = pyo.RangeSet(0, len(offers) - 1), pyo.RangeSet(0, len(branches) - 1)
    m.x = pyo.Var(m.P, domain=pyo.NonNegativeIntegers, bounds=lambda m, p: (0, offers[fillings[p].server].most))
    m.theta = pyo.Var(bounds=(1.0 if asked else 0.0, None))

    @m.Constraint(m.M)
    def served(m: Any, n: int) -> Any:
        return m.theta - pyo.quicksum(own.up[n] / rates[n] * m.x[p] for p, own in enumerate(fillings)) <= 0

    @m.Constraint(m.M)
    def fed(m: Any, n: int) -> Any:
        needed = pyo.quicksum(own.low[n] / rates[n] * m.x[p] for p, own in enumerate(fillings) if own.low[n])
        if isinstance(needed, int | float):
            return pyo.Constraint.Skip
        return needed <= (1.0 if asked else m.theta)

    @m.Constraint(m.J)
    def there(m: Any, j: int) -> Any:
        own = [m.x[p] for p, filling in enumerate(fillings) if filling.server == j]
        return pyo.quicksum(own) <= offers[j].most if own else pyo.Constraint.Skip

    @m.Constraint(m.B)
    def branched(m: Any, b: int) -> Any:
        own = branches[b]
        count = pyo.quicksum(n * m.x[p] for p, n in enumerate(own.instances) if n)
        if isinstance(count, int | float):
            return pyo.Constraint.Feasible if own.least <= 0 else pyo.Constraint.Infeasible
        return pyo.inequality(own.least, count, own.most if math.isfinite(own.most) else None)

    return m, {
        "servers": pyo.quicksum(m.x[p] for p in m.P),
        "price": pyo.quicksum(offers[own.server].price * m.x[p] for p, own in enumerate(fillings)),
        "resources": pyo.quicksum(own.resources * m.x[p] for p, own in enumerate(fillings)),
        "throughput": sum(rates) * m.theta,
    }
