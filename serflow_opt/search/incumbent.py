"""Between decisions and the variables of the model: a start for HiGHS, and the decision in its incumbent."""

from __future__ import annotations

import math

from serflow_opt.backend.highs import Outcome
from serflow_opt.formulations.coefficients import Data
from serflow_opt.formulations.model import BuiltPlacement
from serflow_opt.ground.tolerances import ROUNDING, TOLERANCE
from serflow_opt.plan.decision import Decision, shortest
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.kinds import AS_IS


def start_of(built: BuiltPlacement, decision: Decision) -> dict[int, float]:
    """Give HiGHS the binaries of a decision; it completes the rest."""
    m, data = built.model, built.data
    values = {}
    decision = _filled(data, decision)
    for s, e in data.places:
        runner = data.runners[e]
        placed = s <= len(decision.options)
        chosen = placed and (runner.option, runner.variant) == (decision.options[s - 1], decision.variant(s - 1))
        values[id(m.x[s, e])] = float(chosen)
    for s in {s for s, w in m.way if w == decision.way(s - 1)}:
        values |= {id(m.way[t, w]): float(decision.way(s - 1) == w) for t, w in m.way if t == s}
    if data.instance.threshold_mode == "menu":
        for s, i in m.z:
            level, owner = data.menu[s][i], data.owner(s, decision.variant(s - 1))
            if s <= len(decision.weights):
                values[id(m.z[s, i])] = decision.weights[s - 1][level.position] if level.variant == owner else 0.0
            else:  # nobody gets here: any threshold will do
                first = next((j for j in data.levels[s] if data.menu[s][j].variant == owner), None)
                values[id(m.z[s, i])] = float(i == first)
    return values


def _filled(data: Data, decision: Decision) -> Decision:
    """A decision that ends early, with stages that nobody reaches on its last option, where the model has them all."""
    if data.ends:
        return decision
    count, end = len(data.instance.stages), len(decision.options)
    last = decision.variant(end - 1)
    block = data.instance.variants[last].last + 1 if last != AS_IS else end  # one that has begun is gone through
    variants = [decision.variant(s) if s < end else last if s < block else AS_IS for s in range(count)]
    options = decision.options + decision.options[-1:] * (count - end)
    return shortest(options, decision.weights, decision.ways, variants)


def decision_in(instance: Instance, built: BuiltPlacement, outcome: Outcome) -> Decision:
    """Read the decision out of an incumbent: the binaries rounded, the weights of continuous thresholds normalised.

    Parameters
    ----------
    instance, built
        What is decided, and its model.
    outcome
        A solution of the model, within HiGHS's tolerances.
    """
    m, data = built.model, built.data
    runners = []
    for s in data.stages:
        here = [e for t, e in data.places if t == s]
        if data.ends and sum(outcome.value(m.x[s, e]) for e in here) < 0.5:
            break  # the plan has ended
        runners.append(data.runners[max(here, key=lambda e: outcome.value(m.x[s, e]))])
    stages = data.stages[: len(runners)]
    variants = [runner.variant for runner in runners]
    ways = []
    for s in stages:
        crossing = [(hop, outcome.value(m.leave[hop])) for hop in data.hops if hop[0] == s]
        best = max(crossing, key=lambda pair: pair[1], default=None)
        ways.append(max(best[0][3], 0) if best is not None and best[1] > 0.5 else 0)
    weights = [_weights(instance, built, outcome, s, variants[s - 1], s == len(stages)) for s in stages]
    return shortest([runner.option for runner in runners], weights, ways, variants)


def _weights(
    instance: Instance, built: BuiltPlacement, outcome: Outcome, s: int, variant: int, last: bool
) -> tuple[float, ...]:
    """Read how often each entry of the stage's menu is used; everybody leaves at the last one of the plan."""
    m, data = built.model, built.data
    levels = [i for i in data.levels[s] if data.menu[s][i].variant == data.owner(s, variant)]
    row = [0.0] * len(instance.menu(s - 1, variant).exit_rates)

    def put(level: int, weight: float) -> None:
        row[data.menu[s][level].position] = weight

    usable = [level for level in levels if not last or data.exit_rate(s, level) >= 1]
    if len(usable) == 1:
        put(usable[0], 1.0)
    elif instance.threshold_mode == "menu":
        put(max(usable, key=lambda level: outcome.value(m.z[s, level])), 1.0)
    else:
        flows = [max(outcome.value(m.v[s, level]), 0.0) for level in levels]
        if instance.threshold_mode == "interpolated":
            first = max(levels[:-1], key=lambda i: outcome.value(m.segment[s, i]))
            flows = [f if level in (first, first + 1) else 0.0 for level, f in zip(levels, flows, strict=True)]
        flows = [f if level in usable else 0.0 for level, f in zip(levels, flows, strict=True)]
        total = math.fsum(flows)
        if total <= ROUNDING:  # nobody gets here: any threshold will do
            flows, total = [float(level == usable[0]) for level in levels], 1.0
        kept = [f if f > TOLERANCE * total else 0.0 for f in flows]
        for level, flow in zip(levels, kept, strict=True):
            put(level, flow / math.fsum(kept))
    return tuple(row)
