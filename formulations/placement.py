"""Which stage runs on what: a path through a layered graph (survey 2.2.1 ξ, 2.2.3 cutid, equations 7, 9, 10).

Nodes are pairs (stage, option). From one layer to the next a path stays on its option or leaves it for a tier further
down the list and enters one option there. Tiers are ordered and never re-entered, so a tier uses one option by
construction; `stage_specific` tiers may also be left for themselves. A cut is the layer where the path leaves the
first tier; cut 0 and cut M (functions only, VMs only) are paths like any other.

Variables
    x_{s,p}        1 when stage s runs on option p
    stay_{s,p}     1 when p runs stage s after stage s-1
    leave_{s,p,k}  1 when p ran stage s-1 and hands over to tier k before stage s
    enter_{s,p}    1 when p takes stage s over from a hand-over (s = 1: from the source)

Equations
    Σ_p x_{1,p} = 1                                        one_start
    x_{s-1,p} = stay_{s,p} + Σ_k leave_{s,p,k}             go_on
    x_{s,p} = stay_{s,p} + enter_{s,p}                     arrive
    Σ_{p in k} enter_{s,p} = Σ_q leave_{s,q,k}             hand_over
    Σ_t w_t x_{t,p} + act_s x_{s,p} <= memory_p            fit_memory

Only x needs integrality: the rest is a flow in a network. act_s is the largest activation stage s makes or receives.

Times and prices need the path multiplied by a weight W_s of the stage that falls along the chain: the reach R_s for
means and money, the tail marker of `latency.py` for percentiles. The scaled copy u of the path is exact because x is
binary (each u is 0 or W_s):

    Σ_p u_{s,p} = W_s                                      split
    u_{s,p} = ustay_{s,p} + uenter_{s,p}                   arrive
    Σ_{p in k} uenter_{s,p} = Σ_q uleave_{s,q,k}           hand_over
    ustay_{s,p} + Σ_k uleave_{s,p,k} <= u_{s-1,p}          go_on            what goes on had arrived
    lo_s x_{s,p} <= u_{s,p} <= hi_s x_{s,p}                floor, ceiling
    lo_s leave_{s,p,k} <= uleave_{s,p,k} <= hi_s leave_{s,p,k}    leave_floor, leave_ceiling
    lo_s enter_{s,p} <= uenter_{s,p}                       enter_floor
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyomo.core as pyo

from serflow_opt.formulations.data import SLACK, Data, Place


@dataclass(frozen=True, slots=True)
class Path:
    """The variables of a path, plain or scaled: on[s, p], leave[s, p, k], enter[s, p]."""

    on: Any
    leave: Any
    enter: Any


def add_placement(m: Any, data: Data) -> Path:
    """Add the path variables and their flow conservation. Expects nothing; returns the plain path."""
    m.x = pyo.Var(data.places, domain=pyo.Binary)
    m.stay = pyo.Var(data.stays, bounds=(0.0, 1.0))
    m.leave = pyo.Var(data.hops, bounds=(0.0, 1.0))
    m.enter = pyo.Var(data.places, bounds=(0.0, 1.0))
    later = [(s, p) for s, p in data.places if s > 1]

    @m.Constraint()
    def one_start(m: Any) -> Any:
        return pyo.quicksum(m.x[1, p] for p in data.entries) == 1

    @m.Constraint([(s + 1, p) for s, p in data.places if s < data.last])
    def go_on(m: Any, s: int, p: int) -> Any:
        return m.x[s - 1, p] == _onward(m.stay, m.leave, data, s, p)

    @m.Constraint(data.places)
    def arrive(m: Any, s: int, p: int) -> Any:
        return m.x[s, p] == _inward(m.stay, m.enter, s, p)

    @m.Constraint(_hubs(data, later))
    def hand_over(m: Any, s: int, k: int) -> Any:
        return _entering(m.enter, data, s, k) == _leaving(m.leave, data, s, k)

    return Path(m.x, m.leave, m.enter)


def add_memory(m: Any, data: Data) -> None:
    """Add fit_memory where it can bind. Expects `add_placement`. Sizes are divided by the option's memory."""
    stages, options = data.instance.stages, data.instance.options
    total = sum(stage.parameter_bytes for stage in stages)
    largest = max(data.activation(s) for s in data.stages)
    memory = {p: option.memory_bytes for p, option in enumerate(options) if option.memory_bytes is not None}

    @m.Constraint([(s, p) for s, p in data.places if total + largest > memory.get(p, math.inf)])
    def fit_memory(m: Any, s: int, p: int) -> Any:
        parameters = pyo.quicksum(
            stages[t - 1].parameter_bytes / memory[p] * m.x[t, p] for t in data.stages if (t, p) in m.x
        )
        return parameters + data.activation(s) / memory[p] * m.x[s, p] <= 1 + SLACK


def add_scaled_path(
    m: Any, data: Data, name: str, weight: Any, low: Mapping[int, float], high: Mapping[int, float]
) -> Path:
    """Add a copy of the path multiplied by a weight.

    Parameters
    ----------
    name
        The block that receives the copy.
    weight
        W_s by stage, weakly falling, W_1 > 0.
    low, high
        Bounds of W_s.
    """
    b = pyo.Block()
    m.add_component(name, b)
    b.on = pyo.Var(data.places, bounds=lambda b, s, p: (0.0, high[s]))
    b.stay = pyo.Var(data.stays, bounds=lambda b, s, p: (0.0, high[s]))
    b.leave = pyo.Var(data.hops, bounds=lambda b, s, p, k: (0.0, high[s]))
    b.enter = pyo.Var(data.places, bounds=lambda b, s, p: (0.0, high[s]))
    later = [(s, p) for s, p in data.places if s > 1]

    @b.Constraint(data.stages)
    def split(b: Any, s: int) -> Any:
        return pyo.quicksum(b.on[s, p] for p in data.options if (s, p) in b.on) == weight[s]

    @b.Constraint(data.places)
    def arrive(b: Any, s: int, p: int) -> Any:
        return b.on[s, p] == _inward(b.stay, b.enter, s, p)

    @b.Constraint(_hubs(data, later))
    def hand_over(b: Any, s: int, k: int) -> Any:
        return _entering(b.enter, data, s, k) == _leaving(b.leave, data, s, k)

    @b.Constraint([(s + 1, p) for s, p in data.places if s < data.last])
    def go_on(b: Any, s: int, p: int) -> Any:
        return _onward(b.stay, b.leave, data, s, p) <= b.on[s - 1, p]

    @b.Constraint(data.places)
    def ceiling(b: Any, s: int, p: int) -> Any:
        return b.on[s, p] <= high[s] * m.x[s, p]

    @b.Constraint([place for place in data.places if low[place[0]] > 0])
    def floor(b: Any, s: int, p: int) -> Any:
        return b.on[s, p] >= low[s] * m.x[s, p]

    @b.Constraint(data.hops)
    def leave_ceiling(b: Any, s: int, p: int, k: int) -> Any:
        return b.leave[s, p, k] <= high[s] * m.leave[s, p, k]

    @b.Constraint([hop for hop in data.hops if low[hop[0]] > 0])
    def leave_floor(b: Any, s: int, p: int, k: int) -> Any:
        return b.leave[s, p, k] >= low[s] * m.leave[s, p, k]

    @b.Constraint([place for place in later if low[place[0]] > 0])
    def enter_floor(b: Any, s: int, p: int) -> Any:
        return b.enter[s, p] >= low[s] * m.enter[s, p]

    return Path(b.on, b.leave, b.enter)


def _hubs(data: Data, later: list[Place]) -> list[tuple[int, int]]:
    return sorted({(s, data.tier[p]) for s, p in later} | {(s, k) for s, _, k in data.hops})


def _onward(stay: Any, leave: Any, data: Data, s: int, p: int) -> Any:
    tiers = range(len(data.instance.tiers))
    return _at(stay, (s, p)) + pyo.quicksum(leave[s, p, k] for k in tiers if (s, p, k) in leave)


def _inward(stay: Any, enter: Any, s: int, p: int) -> Any:
    return _at(stay, (s, p)) + enter[s, p]


def _entering(enter: Any, data: Data, s: int, k: int) -> Any:
    return pyo.quicksum(enter[s, p] for p in data.options if data.tier[p] == k and (s, p) in enter)


def _leaving(leave: Any, data: Data, s: int, k: int) -> Any:
    return pyo.quicksum(leave[s, p, k] for p in data.options if (s, p, k) in leave)


def _at(variable: Any, index: Place) -> Any:
    """Return the variable, 0 where there is none (Pyomo's variables have no `get`)."""
    return variable[index] if index in variable else 0.0  # noqa: SIM401
