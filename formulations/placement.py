"""Which stage runs on what: a path through a layered graph (survey 2.2.3 (7), survey 2.2.3 (9), survey 2.2.3 (10)).

Nodes are pairs (stage, runner); a runner is an option, as it is or in a variant of a block of stages. From one layer
to the next a path stays on its option or leaves it for a tier further down the list, in one of the ways to hand over,
and enters one runner there. Tiers are ordered and never re-entered, so a tier uses one option by construction;
`stage_specific` tiers may also be left for themselves. A cut is the layer where the path leaves the first tier; cut 0
and cut M (functions only, VMs only) are paths like any other. Before stage 1 the path leaves the source.

Variables
    x_{s,e}          1 when stage s runs as e
    stay_{s,e,f}     1 when f runs stage s on the option on which e ran stage s-1
    leave_{s,e,k,w}  1 when e ran stage s-1 and hands over to tier k before stage s in way w
    enter_{s,e,w}    1 when e takes stage s over in way w
    way_{s,w}        1 when what is handed over before stage s is handed over in way w; where there are several
    end_{s,e}        1 when the plan ends at stage s, which runs as e; where all may leave there, s < M

Equations
    Σ_{k,w} leave_{1,source,k,w} = 1                               one_start
    x_{s-1,e} = Σ_f stay_{s,e,f} + Σ_{k,w} leave_{s,e,k,w} + end_{s-1,e}    go_on
    x_{s,e} = Σ_f stay_{s,f,e} + Σ_w enter_{s,e,w}                 arrive
    Σ_{e at h} enter_{s,e,w} = Σ_{e to h} leave_{s,e,k,w}          hand_over      h = (s, k, w, variant carried over)
    Σ_w way_{s,w} = 1                                              one_way
    Σ_{e,k} leave_{s,e,k,w} <= way_{s,w}                           in_one_way
    Σ_t w_t x_{t,e} + act_s x_{s,e} <= memory_p                    fit_memory     over the runners e of option p
    Σ_{t in W} x_{t,e} <= |W| - 1                                  no_run         W a run of stages too long for p
    Σ_{t in W} t_{t,e} x_{t,e} <= run_p + over (|W| - Σ x_{t,e})   fit_run        W too long in some variants

`over` is what W takes in its slowest variants beyond run_p, so fit_run asks nothing of a W that is not all on p.

A plan ends early only where everybody leaves, at levels F_s with exit rate 1:

    Σ_e end_{s,e} <= Σ_{l in F_s} z_{s,l}                          end_leaves       thresholds from menus
    Σ_{l not in F_s} v_{s,l} <= hi_s (1 - Σ_e end_{s,e})           end_leaves_all   thresholds between or mixed

hi_s is the largest reach the menus allow. Stages behind the end have R = 0 and no x, hence no time, cost or memory.

Only x and way need integrality: the rest is a flow in a network. A hub carries the variant of a block that goes on, so
a block runs in one variant across hand-overs. act_s is the largest activation stage s makes or receives.

Times and prices need the path multiplied by a weight ψ_s of the stage that falls along the chain: the reach R_s for
means and money, the tail marker of `latency.py` for percentiles. The scaled copy u of the path is exact because x and
way are binary (each u is 0 or ψ_s):

    Σ_e u_{s,e} = ψ_s                                              split
    u_{s,e} = Σ_f ustay_{s,f,e} + Σ_w uenter_{s,e,w}               arrive
    Σ_{e at h} uenter_{s,e,w} = Σ_{e to h} uleave_{s,e,k,w}        hand_over
    Σ_f ustay_{s,e,f} + Σ_{k,w} uleave_{s,e,k,w} <= u_{s-1,e}      go_on          what goes on had arrived
    lo_s x_{s,e} <= u_{s,e} <= hi_s x_{s,e}                        floor, ceiling
    lo_s leave_{s,e,k,w} <= uleave_{s,e,k,w} <= hi_s leave_{s,e,k,w}      leave_floor, leave_ceiling
    lo_s enter_{s,e,w} <= uenter_{s,e,w}                           enter_floor
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pyomo.core as pyo

from serflow_opt.formulations.coefficients import NOTHING, SOURCE, Data
from serflow_opt.ground.tolerances import SLACK


@dataclass(frozen=True, slots=True)
class Path:
    """The variables of a path, plain or scaled: on[s, e], leave[s, e, k, w], enter[s, e, w]."""

    on: Any
    leave: Any
    enter: Any


class _Incidence:
    """Which stays, hops and entries begin or end where."""

    def __init__(self, data: Data) -> None:
        stays_from, stays_to = defaultdict(list), defaultdict(list)
        leave_from, leave_to, enter_to, enter_from = (defaultdict(list) for _ in range(4))
        for s, e, f in data.stays:
            stays_from[s, e].append((s, e, f))
            stays_to[s, f].append((s, e, f))
        for hop in data.hops:
            leave_from[hop[0], hop[1]].append(hop)
            leave_to[data.hub_left(hop)].append(hop)
        for entry in data.entries:
            enter_to[entry[0], entry[1]].append(entry)
            enter_from[data.hub_entered(entry)].append(entry)
        self.stays_from, self.stays_to = stays_from, stays_to
        self.leave_from, self.leave_to = leave_from, leave_to
        self.enter_to, self.enter_from = enter_to, enter_from


def add_placement(m: Any, data: Data) -> Path:
    """Add the path variables and their flow conservation. Expects nothing; returns the plain path."""
    m.x = pyo.Var(data.places, domain=pyo.Binary)
    m.stay = pyo.Var(data.stays, bounds=(0.0, 1.0))
    m.leave = pyo.Var(data.hops, bounds=(0.0, 1.0))
    m.enter = pyo.Var(data.entries, bounds=(0.0, 1.0))
    ends = [(s, e) for s, e in data.places if data.may_end(s, e)]
    if ends:
        m.end = pyo.Var(ends, bounds=(0.0, 1.0))
    at = _Incidence(data)

    @m.Constraint()
    def one_start(m: Any) -> Any:  # survey 2.2.3 (7)
        return _sum(m.leave, at.leave_from[1, SOURCE]) == 1

    @m.Constraint([(s + 1, e) for s, e in data.places if s < data.last])
    def go_on(m: Any, s: int, e: int) -> Any:  # survey 2.2.3 (7)
        here = m.end[s - 1, e] if data.may_end(s - 1, e) else 0.0
        return m.x[s - 1, e] == _sum(m.stay, at.stays_from[s, e]) + _sum(m.leave, at.leave_from[s, e]) + here

    @m.Constraint(data.places)
    def arrive(m: Any, s: int, e: int) -> Any:  # survey 2.2.1 (9), survey 2.2.3 (9), survey 2.2.3 (10)
        return m.x[s, e] == _sum(m.stay, at.stays_to[s, e]) + _sum(m.enter, at.enter_to[s, e])

    @m.Constraint(data.hubs)
    def hand_over(m: Any, s: int, k: int, w: int, c: int) -> Any:  # survey 2.2.3 (7)
        hub = s, k, w, c
        return _sum(m.enter, at.enter_from[hub]) == _sum(m.leave, at.leave_to[hub])

    _add_ways(m, data)
    if ends:
        _add_ends(m, data)
    return Path(m.x, m.leave, m.enter)


def _add_ways(m: Any, data: Data) -> None:
    """Let what is handed over before a stage be handed over in one way."""
    by_way = defaultdict(list)
    for hop in data.hops:
        if hop[3] != NOTHING:
            by_way[hop[0], hop[3]].append(hop)
    several = [s for s in data.stages if sum(t == s for t, _ in by_way) > 1]
    rows = sorted(row for row in by_way if row[0] in several)
    m.way = pyo.Var(rows, domain=pyo.Binary)

    @m.Constraint(several)
    def one_way(m: Any, s: int) -> Any:  # survey 2.2.1 (10)
        return pyo.quicksum(m.way[row] for row in rows if row[0] == s) == 1

    @m.Constraint(rows)
    def in_one_way(m: Any, s: int, w: int) -> Any:  # survey 2.2.1 (10)
        return _sum(m.leave, by_way[s, w]) <= m.way[s, w]


def _add_ends(m: Any, data: Data) -> None:
    """Let the plan end early only where everybody leaves. Expects `add_exits` where there are levels to choose."""
    some = [s for s in sorted({s for s, _ in m.end}) if any(data.exit_rate(s, i) < 1 for i in data.levels[s])]
    menu = data.instance.threshold_mode == "menu"

    def ending(s: int) -> Any:
        return pyo.quicksum(m.end[place] for place in m.end if place[0] == s)

    @m.Constraint(some if menu else [])
    def end_leaves(m: Any, s: int) -> Any:
        return ending(s) <= pyo.quicksum(m.z[s, i] for i in data.levels[s] if data.exit_rate(s, i) >= 1)

    @m.Constraint([] if menu else some)
    def end_leaves_all(m: Any, s: int) -> Any:
        others = pyo.quicksum(m.v[s, i] for i in data.levels[s] if data.exit_rate(s, i) < 1)
        return others <= data.reach_high[s] * (1 - ending(s))


def add_memory(m: Any, data: Data) -> None:
    """Add fit_memory where it can bind. Expects `add_placement`. Sizes are divided by the option's memory."""
    options = data.instance.options
    largest = max(data.activation(s) for s in data.stages)
    memory = {p: option.memory_bytes for p, option in enumerate(options) if option.memory_bytes is not None}
    on: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for s, e in data.places:
        on[data.option(e)].append((s, e))
    most: dict[int, float] = defaultdict(float)
    for p, places in on.items():
        largest_of: dict[int, float] = defaultdict(float)
        for s, e in places:
            largest_of[s] = max(largest_of[s], data.parameters(s, e))
        most[p] = sum(largest_of.values())
    tight = {p for p, limit in memory.items() if most[p] + largest > limit}

    @m.Constraint([(s, e) for s, e in data.places if data.option(e) in tight])
    def fit_memory(m: Any, s: int, e: int) -> Any:
        p = data.option(e)
        parameters = pyo.quicksum(data.parameters(t, f) / memory[p] * m.x[t, f] for t, f in on[p])
        return parameters + data.activation(s) / memory[p] * m.x[s, e] <= 1 + data.slack


def add_runs(m: Any, data: Data) -> None:
    """Add no_run and fit_run where a run of stages may take longer than its option may run. Expects `add_placement`."""
    options = data.instance.options
    runners: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
    for s, e in data.places:
        runners[data.option(e), s].append((s, e))
    never, sometimes = [], []
    for p, option in enumerate(options):
        if not data.instance.may_run_long(option):
            continue
        limit = _run_limit(data, p)
        for first in data.stages:
            least = most = 0.0
            for last in range(first, data.last + 1):
                here = [data.time(*place) for place in runners[p, last]]
                if not here:
                    break
                least, most = least + min(here), most + max(here)
                if least > limit:
                    never.append((p, first, last))
                    break
                if most > limit:
                    sometimes.append((p, first, last))

    def within(p: int, first: int, last: int) -> list[tuple[int, int]]:
        return [place for s in range(first, last + 1) for place in runners[p, s]]

    @m.Constraint(never)
    def no_run(m: Any, p: int, first: int, last: int) -> Any:
        return _sum(m.x, within(p, first, last)) <= last - first

    @m.Constraint(sometimes)
    def fit_run(m: Any, p: int, first: int, last: int) -> Any:
        limit = _run_limit(data, p)
        most = sum(max(data.time(*place) for place in runners[p, s]) for s in range(first, last + 1))
        over = most / limit - 1
        taken = pyo.quicksum(data.time(*place) / limit * m.x[place] for place in within(p, first, last))
        return taken + over * _sum(m.x, within(p, first, last)) <= 1 + over * (last - first + 1)


def _run_limit(data: Data, p: int) -> float:
    """How long an option may run, with the room for rounding, / second."""
    return (data.instance.options[p].run_max_s or 0.0) * (1 + SLACK) / data.second


def add_scaled_path(
    m: Any, data: Data, name: str, weight: Any, low: Mapping[int, float], high: Mapping[int, float]
) -> Path:
    """Add a copy of the path multiplied by a weight.

    Parameters
    ----------
    name
        The block that receives the copy.
    weight
        ψ_s by stage, weakly falling, ψ_1 > 0.
    low, high
        Bounds of ψ_s.
    """
    b = pyo.Block()
    m.add_component(name, b)
    b.on = pyo.Var(data.places, bounds=lambda b, s, e: (0.0, high[s]))
    b.stay = pyo.Var(data.stays, bounds=lambda b, s, e, f: (0.0, high[s]))
    b.leave = pyo.Var(data.hops, bounds=lambda b, s, e, k, w: (0.0, high[s]))
    b.enter = pyo.Var(data.entries, bounds=lambda b, s, e, w: (0.0, high[s]))
    at = _Incidence(data)

    @b.Constraint(data.stages)
    def split(b: Any, s: int) -> Any:
        return pyo.quicksum(b.on[place] for place in data.places if place[0] == s) == weight[s]

    @b.Constraint(data.places)
    def arrive(b: Any, s: int, e: int) -> Any:
        return b.on[s, e] == _sum(b.stay, at.stays_to[s, e]) + _sum(b.enter, at.enter_to[s, e])

    @b.Constraint(data.hubs)
    def hand_over(b: Any, s: int, k: int, w: int, c: int) -> Any:
        hub = s, k, w, c
        return _sum(b.enter, at.enter_from[hub]) == _sum(b.leave, at.leave_to[hub])

    @b.Constraint([(s + 1, e) for s, e in data.places if s < data.last])
    def go_on(b: Any, s: int, e: int) -> Any:
        return _sum(b.stay, at.stays_from[s, e]) + _sum(b.leave, at.leave_from[s, e]) <= b.on[s - 1, e]

    @b.Constraint(data.places)
    def ceiling(b: Any, s: int, e: int) -> Any:
        return b.on[s, e] <= high[s] * m.x[s, e]

    @b.Constraint([place for place in data.places if low[place[0]] > 0])
    def floor(b: Any, s: int, e: int) -> Any:
        return b.on[s, e] >= low[s] * m.x[s, e]

    @b.Constraint(data.hops)
    def leave_ceiling(b: Any, *hop: int) -> Any:
        return b.leave[hop] <= high[hop[0]] * m.leave[hop]

    @b.Constraint([hop for hop in data.hops if low[hop[0]] > 0])
    def leave_floor(b: Any, *hop: int) -> Any:
        return b.leave[hop] >= low[hop[0]] * m.leave[hop]

    @b.Constraint([entry for entry in data.entries if low[entry[0]] > 0])
    def enter_floor(b: Any, *entry: int) -> Any:
        return b.enter[entry] >= low[entry[0]] * m.enter[entry]

    return Path(b.on, b.leave, b.enter)


def _sum(variable: Any, indices: Iterable[Any]) -> Any:
    return pyo.quicksum(variable[index] for index in indices)
