"""Machines and functions under traffic, for one way to cut the network into blocks (SERFLOW).

Sets
    b in blocks         stages first_b..last_b, with a pool of machines, a function, or both
    g in groups         rates of the demand
    k in K_b            numbers of machines that block b may have, where they are listed
    j in lines_{b,g}    supporting lines of what k machines carry

Data
    λ_g, π_g            requests per second, and share of the time; λ = Σ_g π_g λ_g
    c_b, ω_b            rent of a machine, USD/s, and requests it serves at once
    t_s                 seconds of stage s on the machines of its block
    τ_b                 seconds of the hand-over after block b, which hold a worker where machines are paid for waiting
    fee_b, f_s          USD of entering the function of block b, and of stage s there
    h_b                 USD of the hand-over into block b
    η                   utilisation cap
    slope, icpt         of line j for k machines: they carry at most slope a + icpt of a load of a busy workers. With
                        Poisson arrivals that is a (1 - B(k ω_b, a)), B Erlang's loss formula, concave in a, or η k ω_b.
                        Without a function: the load at which no more than an allowed share waits (Erlang C), slope 0
    wslope, wicpt       of line j below what requests wait for k machines, in the unit of room: wslope W + wicpt, W as
                        below
    g_{b,k,s}           what R_s makes late of room at least, waits in block b included, if it has size k
    d_s, room           what stage s adds to the latency promised, and what there is: seconds of the mean, or the share
                        of late requests; both sides are divided by room, which is above 0

Variables
    z, R, v             thresholds, reach and their products (`exits.py`)
    y_{g,s,l}           what of v_{s,l} is on machines while the rate is λ_g, at least 0
    n_b                 machines, integer, at least 1: a function alone is another structure
    wait_b              what waiting takes of room, at least 0; only where it counts
    size_{b,k}          1 where n_b = k (one-hot), only where numbers are listed
    part_{b,k}          = W_b size_{b,k}, with W_b = Σ_{s in b} t_s R_s + τ_b R_{last+1} the block's seconds a request

A request that enters a block on a machine stays on machines until the block ends, so the part on machines is a flow of
its own through the same thresholds; scaled by the same one-hot choice its products are exact, too:

    y_{g,s,l} <= v_{s,l}                                        lane
    Σ_l y_{g,s+1,l} = Σ_l (1 - ε_{s,l}) y_{g,s,l}               lane_survive   inside a block
    y_{g,s,l} = v_{s,l} without a function, 0 without machines

load_{b,g} = λ_g (Σ_{s in b} t_s Σ_l y_{g,s,l} + τ_b Σ_l (1 - e_{last,l}) y_{g,last,l}) workers are busy:

    load_{b,g} <= η ω_b n_b                                     pool_room      where numbers are not listed, else
    load_{b,g} <= Σ_k (slope λ_g part_{b,k} + icpt size_{b,k})  pool_line
    Σ_k size_{b,k} = 1, n_b = Σ_k k size_{b,k}                  one_size, count_size
    Σ_k part_{b,k} = W_b                                        split_work
    lo_b size_{b,k} <= part_{b,k} <= hi_b size_{b,k}            scale_work_low, scale_work

    lo_b <= W_b <= hi_b                                         work_range
    Σ_s g_{b,k,s} R_s <= 1 + M_{b,k} (1 - size_{b,k})           late_size      M_{b,k} = Σ_s g_{b,k,s} max R_s - 1

lo_b and hi_b are the least and the most work that thresholds worth considering make. A number of machines comes several
times where different numbers of requests may wait for them.

    min Σ_b c_b n_b + Σ_g π_g λ_g Σ_b [fee_b (R_first - Σ_l y_{g,first,l}) + Σ_{s in b} f_s (R_s - Σ_l y_{g,s,l})]
        + λ Σ_b h_b R_first                                     USD/s

Beside the accuracy floor of `exits.py`, latency holds on the slower pool of every block. The worst case is then a
number of the structure; otherwise

    Σ_s R_s d_s + Σ_b wait_b <= room                            in_time
    wait_b >= Σ_k (wslope part_{b,k} + wicpt size_{b,k})        wait_line
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyomo.core as pyo

from serflow_opt.formulations.coefficients import Data
from serflow_opt.formulations.exits import accuracy, add_accuracy_floor, add_exits
from serflow_opt.formulations.pools import BlockModel, LateLimit


def build_provisioning(
    data: Data, pools: Sequence[BlockModel], groups: Sequence[tuple[float, float]], late: LateLimit, dollar: float
) -> Any:
    """Build the model of one structure.

    Parameters
    ----------
    data
        Of the instance; only its menus and floor are used.
    pools
        The blocks, in order.
    groups
        (λ_g, π_g).
    late
        Limit on latency beyond the worst case.
    dollar
        Unit of the objective, USD/s.

    Returns
    -------
    pyomo.ConcreteModel
        With n[b] by position of the block, z[s, l], and the objective in units of `dollar`.
    """
    m = pyo.ConcreteModel()
    add_exits(m, data)
    add_pools(m, data, pools, groups)
    add_limits(m, data, pools)
    if data.instance.accuracy_min is not None:
        add_accuracy_floor(m, data, accuracy(m, data))
    if late.weights:
        add_latency(m, data, pools, late)
    m.objective = pyo.Objective(expr=spending(m, pools, groups, dollar), sense=pyo.minimize)
    return m


def add_pools(m: Any, data: Data, pools: Sequence[BlockModel], groups: Sequence[tuple[float, float]]) -> None:
    """Add machines and what runs on them, for blocks in order and groups (λ_g, π_g); expects exits.

    Parameters
    ----------
    m, data
        The model, and sets and coefficients of the instance.
    pools
        The blocks, in order.
    groups
        Rates λ_g, requests per second, and their shares π_g.
    """
    machines = [b for b, pool in enumerate(pools) if pool.times]
    split = [b for b in machines if pools[b].prices]
    rows = [
        (g, s, level) for g in range(len(groups)) for b in split for s in pools[b].stages for level in data.levels[s]
    ]
    m.n = pyo.Var(machines, domain=pyo.NonNegativeIntegers, bounds=lambda m, b: (1, pools[b].most))
    m.y = pyo.Var(rows, bounds=lambda m, g, s, level: (0.0, data.reach_high[s]))

    @m.Constraint(rows)
    def lane(m: Any, g: int, s: int, level: int) -> Any:
        return m.y[g, s, level] <= m.v[s, level]

    @m.Constraint([(g, s) for g in range(len(groups)) for b in split for s in pools[b].stages[:-1]])
    def lane_survive(m: Any, g: int, s: int) -> Any:
        return pyo.quicksum(m.y[g, s + 1, level] for level in data.levels[s + 1]) == _going_on(data, s, m.y, g)

    def load(b: int, g: int) -> Any:
        """Workers of a block that are busy."""
        return groups[g][0] * _work(data, pools[b], *((m.y, g) if b in split else (m.v, None)))

    listed = {b: sizes for b in machines if (sizes := pools[b].sizes) is not None}

    @m.Constraint([b for b in machines if b not in listed], range(len(groups)))
    def pool_room(m: Any, b: int, g: int) -> Any:
        room = data.instance.utilisation_cap * pools[b].workers
        return load(b, g) / room <= data.opened(1.0) * m.n[b]

    if not listed:
        return
    choices = [(b, k) for b, sizes in listed.items() for k in range(len(sizes.counts))]
    sloping = [b for b, sizes in listed.items() if sizes.sloping]
    parts = [(b, k) for b, k in choices if b in sloping]
    m.size = pyo.Var(choices, domain=pyo.Binary)
    m.part = pyo.Var(parts, bounds=lambda m, b, k: (0.0, listed[b].high))

    @m.Constraint(
        [(b, g, j) for b, sizes in listed.items() for g, lines in enumerate(sizes.lines) for j in range(len(lines))]
    )
    def pool_line(m: Any, b: int, g: int, j: int) -> Any:
        unit = pools[b].workers
        carried = pyo.quicksum(
            slope * groups[g][0] / unit * m.part[b, k] + icpt / unit * m.size[b, k]
            if b in sloping
            else icpt / unit * m.size[b, k]
            for k, (slope, icpt) in enumerate(listed[b].lines[g][j])
        )
        return load(b, g) / unit <= data.opened(1.0) * carried

    @m.Constraint(list(listed))
    def one_size(m: Any, b: int) -> Any:
        return pyo.quicksum(m.size[b, k] for k in range(len(listed[b].counts))) == 1

    @m.Constraint(list(listed))
    def count_size(m: Any, b: int) -> Any:
        return m.n[b] == pyo.quicksum(count * m.size[b, k] for k, count in enumerate(listed[b].counts))

    @m.Constraint(sloping)
    def split_work(m: Any, b: int) -> Any:
        return pyo.quicksum(m.part[b, k] for k in range(len(listed[b].counts))) == _work(data, pools[b], m.v, None)

    @m.Constraint(parts)
    def scale_work(m: Any, b: int, k: int) -> Any:
        return m.part[b, k] <= listed[b].high * m.size[b, k]

    @m.Constraint(parts)
    def scale_work_low(m: Any, b: int, k: int) -> Any:
        return m.part[b, k] >= listed[b].low * m.size[b, k]


def add_limits(m: Any, data: Data, pools: Sequence[BlockModel]) -> None:
    """Keep the work of listed sizes in range, and what each makes late within the room; expects pools.

    Parameters
    ----------
    m, data, pools
        As `add_pools` takes them.
    """
    listed = {b: sizes for b, pool in enumerate(pools) if (sizes := pool.sizes) is not None}

    @m.Constraint([b for b, sizes in listed.items() if sizes.high > 0])
    def work_range(m: Any, b: int) -> Any:
        sizes = listed[b]
        made = _work(data, pools[b], m.v, None) / sizes.high
        return pyo.inequality(sizes.low / sizes.high - (data.opened(1.0) - 1), made, data.opened(1.0))

    @m.Constraint([(b, k) for b, sizes in listed.items() for k, row in enumerate(sizes.late) if any(row)])
    def late_size(m: Any, b: int, k: int) -> Any:
        shares = dict(enumerate(listed[b].late[k], start=pools[b].first))
        most = sum(share * data.reach_high[s] for s, share in shares.items()) - 1
        if most <= 0:
            return pyo.Constraint.Skip
        late = pyo.quicksum(share * m.R[s] for s, share in shares.items() if share)
        return late <= data.opened(1.0) + most * (1 - m.size[b, k])


def _work(data: Data, pool: BlockModel, flow: Any, g: int | None) -> Any:
    """Seconds that a request of the service holds a worker of a pool: all of a flow, or its part in group g."""
    on = pyo.quicksum(
        pool.times[s] * (flow[s, level] if g is None else flow[g, s, level])
        for s in pool.stages
        for level in data.levels[s]
    )
    return on + (pool.sending * _going_on(data, pool.last, flow, g) if pool.sending and pool.last < data.last else 0)


def add_latency(m: Any, data: Data, pools: Sequence[BlockModel], late: LateLimit) -> None:
    """Limit latency beyond the worst case; expects pools.

    Parameters
    ----------
    pools
        The blocks, in order.
    late
        The limit, with one weight a stage.
    """
    waiting = {b: sizes for b, pool in enumerate(pools) if (sizes := pool.sizes) is not None and sizes.waits}
    m.wait = pyo.Var(list(waiting), domain=pyo.NonNegativeReals)

    @m.Constraint([(b, j) for b, sizes in waiting.items() for j in range(len(sizes.waits))])
    def wait_line(m: Any, b: int, j: int) -> Any:
        lines = enumerate(waiting[b].waits[j])
        return m.wait[b] >= pyo.quicksum(
            slope / late.room * m.part[b, k] + icpt / late.room * m.size[b, k] for k, (slope, icpt) in lines
        )

    reached = pyo.quicksum(
        weight / late.room * m.R[s] for s, weight in zip(data.stages, late.weights, strict=True) if weight
    )
    taken = reached + pyo.quicksum(m.wait[b] for b in waiting)
    m.in_time = pyo.Constraint(expr=taken <= data.opened(1.0))


def _going_on(data: Data, s: int, flow: Any, g: int | None) -> Any:
    """Σ_l (1 - ε_{s,l}) flow_l: what goes on after stage s."""
    return pyo.quicksum(
        (1 - data.exit_rate(s, level)) * (flow[s, level] if g is None else flow[g, s, level])
        for level in data.levels[s]
    )


def spending(m: Any, pools: Sequence[BlockModel], groups: Sequence[tuple[float, float]], dollar: float) -> Any:
    """Return rent, functions and hand-overs. Expects pools.

    Parameters
    ----------
    pools
        The blocks, in order.
    groups
        (λ_g, π_g): requests a second, and share of the time.
    dollar
        Unit of the result, USD/s.
    """
    mean = sum(rate * share for rate, share in groups)
    usd = pyo.quicksum(pool.rent / dollar * m.n[b] for b, pool in enumerate(pools) if pool.times)
    usd += pyo.quicksum(mean * pool.handover / dollar * m.R[pool.first] for pool in pools if pool.handover)
    for pool in pools:
        if not pool.prices:
            continue
        price = {s: pool.prices[s] + (pool.fee if s == pool.first else 0.0) for s in pool.stages}
        usd += pyo.quicksum(mean * price[s] / dollar * m.R[s] for s in pool.stages)
        if pool.times:
            saved = {(g, s): rate * share * price[s] / dollar for g, (rate, share) in enumerate(groups) for s in price}
            usd -= pyo.quicksum(saved[g, s] * m.y[g, s, level] for g, s, level in m.y if pool.first <= s <= pool.last)
    return usd
