"""Blocks that take batches, for one way to cut the network: type, batch size, wait, count and thresholds together.

Sets
    b in blocks         stages first_b..last_b
    c in C_b            what may run block b: an option, a batch size B and a wait τ
    k in K_{b,c}        numbers of machines, where c is a type of machines

Data
    λ                   requests per second
    w_{c,s}             seconds that a unit of reach of stage s holds a worker of c; s goes to last_b + 1, which stands
                        for handing on. With times a_s + c_s n of a batch of n, B requests at the start, and P_s the
                        probability that any is left at s, a batch takes Σ_s (a_s P_s + c_s B R_s / R_first), so that
                        per request of the service it is Σ_s (a_s P_s R_first / B + c_s R_s): linear where P_s is 1,
                        and else above lines between what P_s is at the ends of the ratios worth considering
    u_{c,s}             USD/s of a unit of reach of stage s: calls of a function, hand-overs
    call_{c,s}          USD/s of a unit of reach of stage s that goes to the function beside the machines of c
    rent_c              of a machine, USD/s
    cap_{c,k}           seconds a request that k machines of c can give; beside a function what they carry at most of
                        all that may be offered, at random by Hayward's formula (`traffic/batches/beside.py`)
    fill_c              least reach of the block at which batches fill evenly: (B - 1) / (λ τ); 0 at random
    t_c, L              seconds of a full batch with its wait and hand-over, and what there is in all
    lo_s, hi_s          least and largest reach

Variables
    z, R, v             thresholds, reach and their products (`exits.py`)
    pick_{b,c}          1 where c runs block b (one-hot)
    on_{b,c,s}          = R_s pick_{b,c}
    size_{b,c,k}        1 where k machines of c run it (one-hot)
    left_{b,c,s,l}      what of v_{s,l} the machines of c leave to the function beside them, at least 0; only there

    Σ_c pick_{b,c} = 1                                          one_pick
    Σ_c on_{b,c,s} = R_s                                        split_on
    lo_s pick_{b,c} <= on_{b,c,s} <= hi_s pick_{b,c}            scale_on_low, scale_on
    on_{b,c,first} >= fill_c pick_{b,c}                         full_batches
    Σ_k size_{b,c,k} = pick_{b,c}                               one_number
    Σ_s w_{c,s} (on_{b,c,s} - Σ_l left_{b,c,s,l}) <= Σ_k cap_{c,k} size_{b,c,k}     batch_room
    left_{b,c,s,l} <= v_{s,l}                                   left_lane
    Σ_l left_{b,c,s+1,l} = Σ_l (1 - ε_{s,l}) left_{b,c,s,l}     left_survive    inside a block
    Σ_l left_{b,c,first,l} <= on_{b,c,first}                    left_of_own
    Σ_b Σ_c t_c pick_{b,c} <= L                                 batch_time

    min Σ_b Σ_c (Σ_k rent_c k size_{b,c,k} + Σ_s u_{c,s} on_{b,c,s} + Σ_s call_{c,s} Σ_l left_{b,c,s,l})        USD/s

A batch that goes to the function stays there until the block ends, so what machines leave is a flow of its own through
the same thresholds, as in `provisioning.py`: its products with the one-hot choices are exact. What it hands on at the
end of the block is Σ_l (1 - ε_{last,l}) left_{b,c,last,l}.

beside the accuracy floor of `exits.py`, and, where thresholds decide who is late, in_time of `provisioning.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pyomo.core as pyo

from serflow_opt.formulations.coefficients import Data, unit_of
from serflow_opt.formulations.exits import accuracy, add_accuracy_floor, add_exits
from serflow_opt.formulations.pools import LateLimit
from serflow_opt.formulations.provisioning import add_latency


@dataclass(frozen=True, slots=True)
class BlockRunners:
    """What may run a block; stages are numbered 1..M.

    Attributes
    ----------
    work, usd
        w_{c,s} and u_{c,s} by stage.
    rent, counts, caps
        rent_c, K_{b,c} and cap_{c,k}; no counts: a function.
    fill, seconds
        fill_c and t_c.
    calls
        call_{c,s} by stage; empty: no function beside.
    """

    work: dict[int, float]
    usd: dict[int, float]
    rent: float = 0.0
    counts: tuple[int, ...] = ()
    caps: tuple[float, ...] = ()
    fill: float = 0.0
    seconds: float = 0.0
    calls: dict[int, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BatchBlock:
    """A block: its first stage, what may run it, and its last stage, which counts where a function is beside."""

    first: int
    runs: tuple[BlockRunners, ...]
    last: int = 0


def build_batches(
    data: Data, blocks: Sequence[BatchBlock], limit_s: float | None, late: LateLimit, dollar: float
) -> Any:
    """Build the model.

    Parameters
    ----------
    data
        Of the instance; only its menus and floor are used.
    blocks
        In order.
    limit_s
        L; None: no limit.
    late
        Limit on latency that thresholds decide.
    dollar
        Unit of the objective, USD/s.

    Returns
    -------
    pyomo.ConcreteModel
        With z[s, l], pick[b, c], size[b, c, k], and the objective in units of `dollar`.
    """
    m = pyo.ConcreteModel()
    add_exits(m, data)
    if data.instance.accuracy_min is not None:
        add_accuracy_floor(m, data, accuracy(m, data))
    add_picks(m, data, blocks)
    add_left(m, data, blocks)
    add_room(m, data, blocks)
    if limit_s is not None:
        add_batch_time(m, data, blocks, limit_s)
    if late.weights:
        add_latency(m, data, (), late)
    m.objective = pyo.Objective(expr=batch_spending(m, data, blocks, dollar), sense=pyo.minimize)
    return m


def add_picks(m: Any, data: Data, blocks: Sequence[BatchBlock]) -> None:
    """Add what runs each block, and its products with the reach; expects exits.

    Parameters
    ----------
    m, data
        The model, and sets and coefficients of the instance.
    blocks
        What may run each block.
    """
    picks = [(b, c) for b, block in enumerate(blocks) for c in range(len(block.runs))]
    used = {
        b: sorted({s for runs in block.runs for s in (block.first, *runs.work, *runs.usd)})
        for b, block in enumerate(blocks)
    }
    rows = [(b, c, s) for b, c in picks for s in used[b]]
    m.pick = pyo.Var(picks, domain=pyo.Binary)
    m.on = pyo.Var(rows, bounds=lambda m, b, c, s: (0.0, data.reach_high[s]))

    @m.Constraint(range(len(blocks)))
    def one_pick(m: Any, b: int) -> Any:
        return pyo.quicksum(m.pick[b, c] for c in range(len(blocks[b].runs))) == 1

    @m.Constraint([(b, s) for b in used for s in used[b]])
    def split_on(m: Any, b: int, s: int) -> Any:
        return pyo.quicksum(m.on[b, c, s] for c in range(len(blocks[b].runs))) == m.R[s]

    @m.Constraint(rows)
    def scale_on_low(m: Any, b: int, c: int, s: int) -> Any:
        return m.on[b, c, s] >= data.reach_low[s] * m.pick[b, c]

    @m.Constraint(rows)
    def scale_on(m: Any, b: int, c: int, s: int) -> Any:
        return m.on[b, c, s] <= data.reach_high[s] * m.pick[b, c]


def add_left(m: Any, data: Data, blocks: Sequence[BatchBlock]) -> None:
    """Add what machines leave to functions beside them; expects exits and picks.

    Parameters
    ----------
    m, data, blocks
        As `add_picks` takes them.
    """
    beside = [(b, c) for b, block in enumerate(blocks) for c, own in enumerate(block.runs) if own.calls]
    rows = [
        (b, c, s, level)
        for b, c in beside
        for s in range(blocks[b].first, blocks[b].last + 1)
        for level in data.levels[s]
    ]
    m.left = pyo.Var(rows, bounds=lambda m, b, c, s, level: (0.0, data.reach_high[s]))

    @m.Constraint(rows)
    def left_lane(m: Any, b: int, c: int, s: int, level: int) -> Any:
        return m.left[b, c, s, level] <= m.v[s, level]

    @m.Constraint([(b, c, s) for b, c in beside for s in range(blocks[b].first, blocks[b].last)])
    def left_survive(m: Any, b: int, c: int, s: int) -> Any:
        return _left(m, data, blocks[b], (b, c), s + 1) == _handed_on(m, data, (b, c), s)

    @m.Constraint(beside)
    def left_of_own(m: Any, b: int, c: int) -> Any:
        return _left(m, data, blocks[b], (b, c), blocks[b].first) <= m.on[b, c, blocks[b].first]


def _left(m: Any, data: Data, block: BatchBlock, run: tuple[int, int], s: int) -> Any:
    """Return what of R_s is left to the function beside a run; 0 without one."""
    if not block.runs[run[1]].calls:
        return 0.0
    if s > block.last:
        return _handed_on(m, data, run, block.last)
    return pyo.quicksum(m.left[(*run, s, level)] for level in data.levels[s])


def _handed_on(m: Any, data: Data, run: tuple[int, int], s: int) -> Any:
    """Return what goes on behind a stage of what is left to a function."""
    return pyo.quicksum((1 - data.exit_rate(s, level)) * m.left[(*run, s, level)] for level in data.levels[s])


def add_room(m: Any, data: Data, blocks: Sequence[BatchBlock]) -> None:
    """Add numbers of machines, what they can give, and batches that fill evenly; expects picks and what is left.

    Parameters
    ----------
    m, data, blocks
        As `add_picks` takes them.
    """
    runs = {(b, c): own for b, block in enumerate(blocks) for c, own in enumerate(block.runs)}
    m.size = pyo.Var([(*key, k) for key, own in runs.items() for k in range(len(own.counts))], domain=pyo.Binary)

    @m.Constraint([key for key, own in runs.items() if own.fill > 0])
    def full_batches(m: Any, b: int, c: int) -> Any:
        return m.on[b, c, blocks[b].first] >= (2 - data.opened(1.0)) * runs[b, c].fill * m.pick[b, c]

    machines = [key for key, own in runs.items() if own.counts]

    @m.Constraint(machines)
    def one_number(m: Any, b: int, c: int) -> Any:
        return pyo.quicksum(m.size[b, c, k] for k in range(len(runs[b, c].counts))) == m.pick[b, c]

    @m.Constraint(machines)
    def batch_room(m: Any, b: int, c: int) -> Any:
        own = runs[b, c]
        unit = unit_of(own.work.values())
        made = pyo.quicksum(
            weight / unit * (m.on[b, c, s] - _left(m, data, blocks[b], (b, c), s))
            for s, weight in own.work.items()
            if weight
        )
        given = pyo.quicksum(cap / unit * m.size[b, c, k] for k, cap in enumerate(own.caps))
        return made <= data.opened(1.0) * given


def add_batch_time(m: Any, data: Data, blocks: Sequence[BatchBlock], limit_s: float) -> None:
    """Limit the seconds of full batches on the whole path; expects picks.

    Parameters
    ----------
    m, data, blocks
        As `add_picks` takes them.
    limit_s
        Seconds that the path may take.
    """
    taken = pyo.quicksum(
        own.seconds / limit_s * m.pick[b, c] for b, block in enumerate(blocks) for c, own in enumerate(block.runs)
    )
    m.batch_time = pyo.Constraint(expr=taken <= data.opened(1.0))


def batch_spending(m: Any, data: Data, blocks: Sequence[BatchBlock], dollar: float) -> Any:
    """Return rent, calls and hand-overs in units of `dollar`, USD/s; expects picks, numbers of machines, what is left.

    Parameters
    ----------
    m, data, blocks
        As `add_picks` takes them.
    dollar
        USD/s that the expression is in units of.
    """
    return (
        pyo.quicksum(
            own.rent * count / dollar * m.size[b, c, k]
            for b, block in enumerate(blocks)
            for c, own in enumerate(block.runs)
            for k, count in enumerate(own.counts)
        )
        + pyo.quicksum(
            usd / dollar * m.on[b, c, s]
            for b, block in enumerate(blocks)
            for c, own in enumerate(block.runs)
            for s, usd in own.usd.items()
            if usd
        )
        + pyo.quicksum(
            usd / dollar * _left(m, data, block, (b, c), s)
            for b, block in enumerate(blocks)
            for c, own in enumerate(block.runs)
            for s, usd in own.calls.items()
            if usd
        )
    )
