"""Money per request as it is billed (survey 2.2.3 (1), read so that every request is paid for).

Common to both accountings, with u the path scaled by the reach R_s and o_{s,e} the operations of hand-overs (encoding
before one, decoding after it), in USD per request:

    functions   Σ_{s,e} C_e (t_{s,e} u_{s,e} + o_{s,e}) + Σ_{s,e,w} (fee_e + C_e share_e T_cold,e) uenter_{s,e,w}
    links       Σ_{s,e,k,w} price_{s,e,k,w} uleave_{s,e,k,w}          from the source, too

per-request: a machine costs its price for the time it is busy, and VMs and edge servers also while they send
(survey 2.2.3 (6)):

    machines    Σ_{s,e} C_e (t_{s,e} u_{s,e} + o_{s,e}) + Σ_{s,e,k,w} C_e τ_{s,e,k,w} uleave_{s,e,k,w}

The survey multiplies the IaaS term by Σ_{pid <= cutid} β, which forgets the requests that go on; here each stage is
weighted by its reach.

In training the printed cost is 0, since β = 0 (survey 2.2.3 (4), survey 2.2.3 (8)) multiplies both of its terms. Here
R_s = 1, and t and τ are of both ways.

reserved: machines are rented whole. busy_p is the sum above without the price, in seconds per request:

    n_p integer, w_p n_p >= rate busy_p / η                 rent_enough    w_p requests served at once
    n_p >= x_{s,e}                                          rent_one    e a runner of option p
    machines    Σ_p C_p w_p n_p / rate

η is the utilisation cap. rent_one stands where the stage takes time and is sure to be reached (lo_s > 0). n_p is at
most what a whole path at the largest reach needs, and what there are of it.

    cost <= cost_max                                        cost_ceiling
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import pyomo.core as pyo

from serflow_opt.formulations.coefficients import SOURCE, Data, Hop
from serflow_opt.formulations.elements import Entry, Place
from serflow_opt.formulations.placement import Path

_Work = tuple[Sequence[Place], Sequence[Hop], Sequence[Entry]]


def function_and_link_cost(data: Data, scaled: Path) -> Any:
    """Return what functions and links cost per request (survey 2.2.3 (1)), in units of `data.dollar`."""
    fees = [(entry, data.invocation_price(entry[1])) for entry in data.entries if data.is_function(entry[1])]
    return (
        _working(data, scaled, lambda e: data.busy_price(e) if data.is_function(e) else 0.0)
        + pyo.quicksum(fee * scaled.enter[entry] for entry, fee in fees)
        + pyo.quicksum(data.hop_price(hop) * scaled.leave[hop] for hop in data.hops)
    )


def busy_time(data: Data, runners: Collection[int], scaled: Path, among: _Work | None = None) -> Any:
    """Return how long one request keeps some runners busy on average, waits included, in units of `data.second`.

    Parameters
    ----------
    runners
        Numbers of the runners, as of one option.
    scaled
        The path scaled by reach.
    among
        Places, hops and entries of which all others are of other runners; None: all there are.
    """
    return _working(data, scaled, lambda e: float(e in runners), among)


def _working(data: Data, scaled: Path, price: Callable[[int], float], among: _Work | None = None) -> Any:
    """Return the time that runners work for one request on average, times a price of each; `among`: of these alone."""
    places, hops, entries = among or (data.places, data.hops, data.entries)
    return (
        pyo.quicksum(price(e) * data.time(s, e) * scaled.on[s, e] for s, e in places if price(e))
        + pyo.quicksum(
            price(hop[1]) * _sending(data, hop) * scaled.leave[hop]
            for hop in hops
            if hop[1] != SOURCE and price(hop[1]) and _sending(data, hop)
        )
        + pyo.quicksum(
            price(entry[1]) * data.decode_time(entry) * scaled.enter[entry]
            for entry in entries
            if price(entry[1]) and data.decode_time(entry)
        )
    )


def _work_of(data: Data, option_of: Mapping[int, int]) -> dict[int, tuple[list[Place], list[Hop], list[Entry]]]:
    """Part places, hops that are sent and entries by the option whose runner works, in one pass."""
    found: dict[int, tuple[list[Place], list[Hop], list[Entry]]] = {p: ([], [], []) for p in option_of.values()}
    for s, e in data.places:
        if e in option_of:
            found[option_of[e]][0].append((s, e))
    for hop in data.hops:
        if hop[1] in option_of:
            found[option_of[hop[1]]][1].append(hop)
    for entry in data.entries:
        if entry[1] in option_of:
            found[option_of[entry[1]]][2].append(entry)
    return found


def _sending(data: Data, hop: Hop) -> float:
    """How long a hand-over keeps the sender busy (survey 2.2.3 (6))."""
    return data.encode_time(hop) + (data.hop_time(hop) if data.waits(hop[1]) else 0.0)


def per_request_cost(m: Any, data: Data, path: Path, scaled: Path) -> Any:
    """Return price x busy time, functions and links (survey 2.2.3 (1)), in units of `data.dollar` per request.

    Parameters
    ----------
    m, path
        Not read: all accountings are given the same.
    scaled
        The path scaled by reach.
    """
    machines = _working(data, scaled, lambda e: 0.0 if data.is_function(e) else data.busy_price(e))
    return machines + function_and_link_cost(data, scaled)


def add_cost_ceiling(m: Any, data: Data, cost: Any) -> None:
    """Add the cost <= cost_max, USD per request.

    Parameters
    ----------
    cost
        Expression of the cost per request, in units of `data.dollar`.
    """
    assert data.instance.cost_max_usd is not None
    m.cost_ceiling = pyo.Constraint(  # survey 2.2.3 (1)
        expr=data.at_most(cost, data.instance.cost_max_usd / data.dollar)
    )


def reserved_cost(m: Any, data: Data, path: Path, scaled: Path) -> Any:
    """Return rent shared by requests, functions and links (survey 2.2.3 (1)), in units of `data.dollar` per request.

    Adds n[p], the machines rented. Expects placement and the path scaled by reach.

    Parameters
    ----------
    path
        Not read: all accountings are given the same.
    scaled
        The path scaled by reach.
    """
    instance = data.instance
    assert instance.rate_per_s is not None
    per_second = instance.rate_per_s * data.second / instance.utilisation_cap
    runners: dict[int, list[int]] = {}
    for e in sorted({e for _, e in data.places if not data.is_function(e)}):
        runners.setdefault(data.option(e), []).append(e)
    machines = sorted(runners)
    work = _work_of(data, {e: p for p, own in runners.items() for e in own})
    most = {p: machines_needed(data, p, runners[p], work[p]) for p in machines}
    m.n = pyo.Var(machines, domain=pyo.NonNegativeIntegers, bounds=lambda m, p: (0, most[p]))

    @m.Constraint(machines)
    def rent_enough(m: Any, p: int) -> Any:  # survey 2.2.3 (1)
        workers = instance.options[p].workers
        return m.n[p] >= (1 - data.slack) * per_second / workers * busy_time(data, runners[p], scaled, work[p])

    @m.Constraint([(s, e) for s, e in data.places if not data.is_function(e) and data.time(s, e) > 0])
    def rent_one(m: Any, s: int, e: int) -> Any:  # survey 2.2.3 (1)
        if data.reach_low[s] <= 0:
            return pyo.Constraint.Skip
        return m.n[data.option(e)] >= m.x[s, e]

    return rents_and_calls(m, data, scaled)


def rents_and_calls(m: Any, data: Data, scaled: Path) -> Any:
    """Return rent shared by requests, functions and links (survey 2.2.3 (1)). Expects n[p].

    Parameters
    ----------
    scaled
        The path scaled by reach.
    """
    rate = data.instance.rate_per_s
    assert rate is not None
    first = {data.option(e): e for _, e in reversed(data.places) if not data.is_function(e)}
    rent = {p: data.busy_price(first[p]) * data.instance.options[p].workers / (rate * data.second) for p in m.n}
    return pyo.quicksum(rent[p] * m.n[p] for p in m.n) + function_and_link_cost(data, scaled)


def machines_needed(data: Data, p: int, runners: Collection[int], among: _Work | None = None) -> int:
    """Return how many machines of an option any plan needs at most, or how many there are.

    Parameters
    ----------
    p, runners
        The option, and the runners that are on it.
    among
        As `busy_time` takes it.
    """
    _, hops, entries = among or (data.places, data.hops, data.entries)
    instance = data.instance
    assert instance.rate_per_s is not None
    per_second = instance.rate_per_s * data.second / instance.utilisation_cap
    # stages, and one hand-over in and one out: moves within a tier take no time
    times = [data.reach_high[s] * max(_times(data, s, runners), default=0.0) for s in data.stages]
    sending = max((_sending(data, hop) for hop in hops if hop[1] in runners), default=0.0)
    decoding = max((data.decode_time(entry) for entry in entries if entry[1] in runners), default=0.0)
    needed = math.ceil(per_second / instance.options[p].workers * (sum(times) + sending + decoding)) + 1
    there_are = instance.machines_max(instance.options[p])
    return needed if there_are is None else min(needed, there_are)


def _times(data: Data, s: int, runners: Collection[int]) -> list[float]:
    """Times of stage s on some runners."""
    return [data.time(s, e) for t, e in data.places if t == s and e in runners]
