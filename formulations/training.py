"""Training among clients: one setting for all, a row for each group of clients, and the time of a round.

Sets
    g in G           settings: mode, local epochs, clients a round, knobs, server and workers, topology
    k in K_g         groups of clients that take part under a setting
    o in O_g         rows of a group: cut, packing of what crosses it, protection

Data
    τ_gko            what a round lasts at least when k takes o, s
    σ_gko            what the server works for it, s by its workers
    L_gko, λ_gko     what leaks, and accuracy lost
    A_g, D_g         accuracy measured, and the longest that a round can last
    q_gko, p_g, f_g  of each quantity: of a row, of a second, and whatever is chosen
    ρ_gko, u_gko     where nothing waits for others: updates a second, and workers kept busy
    U_g, N_g         updates needed, and workers

Variables: y_g takes a setting, x_gko a row, T_g is a round's time; P the worst leak, Q the accuracy. Where nothing
waits for others T_g is the whole training, and v_gko is T_g where x_gko is one and else 0.

    Σ_g y_g = 1                                  one_setting    (1)
    Σ_o x_gko - y_g = 0                          one_row        (2)
    Σ_o τ_gko x_gko - T_g <= 0                   waits_for      (3)  the slowest that takes part
    Σ_{k,o} σ_gko x_gko - T_g <= 0               served         (4)  the server is through with all
    T_g - D_g y_g <= 0                           lasts          (5)  a time of no setting that is not taken
    Σ_{g,o} L_gko x_gko - P <= 0                 leaks          (6)
    Σ_{g,o} λ_gko x_gko - Σ_g A_g y_g + Q <= 0   learns         (7)
    Σ_{o: cut c} x_gko - w_gc = 0                same_cut       (8)  where all clients are cut alike
    Σ_o v_gko - T_g = 0                          turns          (9)
    v_gko - D_g x_gko <= 0                       turn           (10)
    U_g y_g - Σ_{k,o} ρ_gko v_gko <= 0           updates        (11)
    Σ_{k,o} u_gko x_gko - N_g y_g <= 0           busy           (12)

A quantity is Σ_g (f_g y_g + p_g T_g + Σ_{k,o} q_gko x_gko), with v in the place of x where nothing waits. N T, workers
times time, is a choice times a time and exact: each number of workers is a setting of its own, whose T is bounded by
(5); D_g is the sum of what rows take at most, unless the data have something shorter.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import pyomo.core as pyo

Matrix = Sequence[Sequence[float]]


class SettingBlock(NamedTuple):
    """A setting.

    Attributes
    ----------
    groups
        Names of those that take part.
    offered
        By group, the rows that it can take.
    lasts, served
        τ and σ.
    leak, loss, cuts
        By row.
    accuracy, most_t
        A and D.
    parts, per_t, fixed
        q, p and f by quantity.
    flows, rates, load, needed, workers
        Whether nothing waits for others, and then ρ, u, U and N.
    """

    groups: Sequence[int]
    offered: Sequence[Sequence[int]]
    lasts: Matrix
    served: Matrix
    leak: Sequence[float]
    loss: Sequence[float]
    cuts: Sequence[int]
    accuracy: float
    most_t: float
    parts: dict[str, Matrix]
    per_t: dict[str, float]
    fixed: dict[str, float]
    flows: bool = False
    rates: Matrix = ()
    load: Matrix = ()
    needed: float = 0.0
    workers: int = 1


def rounds_model(blocks: Sequence[SettingBlock], same_cut: bool = False) -> tuple[Any, dict[str, Any]]:
    """Return the model, and each quantity, privacy and accuracy as linear expressions.

    Parameters
    ----------
    blocks
        The settings there are to choose.
    same_cut
        Whether all clients are cut alike.
    """
    m = pyo.ConcreteModel()
    at = range(len(blocks))
    m.y = pyo.Var(at, domain=pyo.Binary)
    keys = [(g, k, o) for g, b in enumerate(blocks) for k, rows in enumerate(b.offered) for o in rows]
    m.x = pyo.Var(keys, domain=pyo.Binary)
    m.T = pyo.Var(at, domain=pyo.NonNegativeReals)
    m.P = pyo.Var(bounds=(0, max((own for b in blocks for own in b.leak), default=0.0)))
    m.Q = pyo.Var(bounds=(None, max((b.accuracy for b in blocks), default=0.0)))
    m.one_setting = pyo.Constraint(expr=pyo.quicksum(m.y[g] for g in at) == 1)
    every = [(g, k) for g, b in enumerate(blocks) for k in range(len(b.groups))]

    @m.Constraint(every)
    def one_row(m: Any, g: int, k: int) -> Any:
        return pyo.quicksum(m.x[g, k, o] for o in blocks[g].offered[k]) == m.y[g]

    @m.Constraint(every)
    def waits_for(m: Any, g: int, k: int) -> Any:
        own = blocks[g].lasts[k]
        if not any(own[o] for o in blocks[g].offered[k]):
            return pyo.Constraint.Skip
        return pyo.quicksum(own[o] * m.x[g, k, o] for o in blocks[g].offered[k]) <= m.T[g]

    @m.Constraint(at)
    def served(m: Any, g: int) -> Any:
        terms = [(b, k, o) for b, k, o in keys if b == g and blocks[g].served[k][o]]
        if not terms:
            return pyo.Constraint.Skip
        return pyo.quicksum(blocks[g].served[k][o] * m.x[g, k, o] for _, k, o in terms) <= m.T[g]

    @m.Constraint(at)
    def lasts(m: Any, g: int) -> Any:
        return m.T[g] <= blocks[g].most_t * m.y[g]

    _add_worst(m, blocks)
    if same_cut:
        _add_same_cut(m, blocks)
    _add_flows(m, blocks)
    return m, {**_quantities(m, blocks, keys), "privacy": 1.0 * m.P, "accuracy": 1.0 * m.Q}


def _add_worst(m: Any, blocks: Sequence[SettingBlock]) -> None:
    """The worst leak, and the accuracy that is left."""
    names = sorted({name for b in blocks for name in b.groups})
    where = {name: [(g, b.groups.index(name)) for g, b in enumerate(blocks) if name in b.groups] for name in names}

    @m.Constraint(names)
    def leaks(m: Any, name: int) -> Any:
        own = [(g, k, o, blocks[g].leak[o]) for g, k in where[name] for o in blocks[g].offered[k]]
        if not any(by for *_, by in own):
            return pyo.Constraint.Skip
        return pyo.quicksum(by * m.x[g, k, o] for g, k, o, by in own) <= m.P

    @m.Constraint(names)
    def learns(m: Any, name: int) -> Any:
        own = [(g, k, o, blocks[g].loss[o]) for g, k in where[name] for o in blocks[g].offered[k]]
        lost = pyo.quicksum(by * m.x[g, k, o] for g, k, o, by in own)
        return lost + m.Q <= pyo.quicksum(b.accuracy * m.y[g] for g, b in enumerate(blocks))


def _add_same_cut(m: Any, blocks: Sequence[SettingBlock]) -> None:
    cuts = [(g, c) for g, b in enumerate(blocks) for c in sorted(set(b.cuts))]
    m.w = pyo.Var(cuts, bounds=(0, 1))

    @m.Constraint([(g, k, c) for g, c in cuts for k in range(len(blocks[g].groups))])
    def same_cut(m: Any, g: int, k: int, c: int) -> Any:
        return pyo.quicksum(m.x[g, k, o] for o in blocks[g].offered[k] if blocks[g].cuts[o] == c) == m.w[g, c]


def _add_flows(m: Any, blocks: Sequence[SettingBlock]) -> None:
    """Settings in which nothing waits for others: rows as shares of the time."""
    flows = [g for g, b in enumerate(blocks) if b.flows]
    keys = [(g, k, o) for g in flows for k, rows in enumerate(blocks[g].offered) for o in rows]
    if not flows:
        return
    m.v = pyo.Var(keys, domain=pyo.NonNegativeReals)

    @m.Constraint([(g, k) for g in flows for k in range(len(blocks[g].groups))])
    def turns(m: Any, g: int, k: int) -> Any:
        return pyo.quicksum(m.v[g, k, o] for o in blocks[g].offered[k]) == m.T[g]

    @m.Constraint(keys)
    def turn(m: Any, g: int, k: int, o: int) -> Any:
        return m.v[g, k, o] <= blocks[g].most_t * m.x[g, k, o]

    @m.Constraint(flows)
    def updates(m: Any, g: int) -> Any:
        come = pyo.quicksum(blocks[g].rates[k][o] * m.v[b, k, o] for b, k, o in keys if b == g)
        return blocks[g].needed * m.y[g] <= come

    @m.Constraint(flows)
    def busy(m: Any, g: int) -> Any:
        terms = [(k, o) for b, k, o in keys if b == g and blocks[g].load[k][o]]
        if not terms:
            return pyo.Constraint.Skip
        return pyo.quicksum(blocks[g].load[k][o] * m.x[g, k, o] for k, o in terms) <= blocks[g].workers * m.y[g]


def _quantities(m: Any, blocks: Sequence[SettingBlock], keys: Sequence[tuple[int, int, int]]) -> dict[str, Any]:
    found = {}
    for name in blocks[0].per_t if blocks else ():
        whole = pyo.quicksum(b.fixed[name] * m.y[g] + b.per_t[name] * m.T[g] for g, b in enumerate(blocks))
        parts = [(key, blocks[key[0]].parts[name][key[1]][key[2]]) for key in keys]
        rows = pyo.quicksum(by * (m.v[key] if blocks[key[0]].flows else m.x[key]) for key, by in parts if by)
        found[name] = whole + rows
    return found
