"""Search for the best plan of one objective: prune, build, hand to HiGHS, evaluate exactly, cut off what does not hold.

The model is a relaxation of the truth by solver tolerances only. Each incumbent is valued by `evaluator.py`; one that
breaks a limit there, or costs more than the model thought (a machine too few by rounding), is cut off and the search
goes on. So the decision returned keeps its limits exactly, and the bound is the solver's.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from serflow_opt.backend.highs import HighsModel, Outcome, Progress
from serflow_opt.errors import InputError, Problem
from serflow_opt.formulations.coefficients import Data
from serflow_opt.formulations.model import Built, Disconnected, build
from serflow_opt.ground.arrays import Floats
from serflow_opt.ground.deadline import GRACE_S, Deadline, OutOfTime
from serflow_opt.plan.decision import Decision, shortest
from serflow_opt.plan.document import Metrics
from serflow_opt.plan.evaluator import evaluate
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.kinds import AS_IS
from serflow_opt.search.combinatorial import ChainSearch
from serflow_opt.search.goal import Goal
from serflow_opt.search.layered import Chain, covered
from serflow_opt.search.own_constraints import Extra, add_own
from serflow_opt.search.placements import MOST, Paths
from serflow_opt.search.prune import Pruned, prune

Method = Literal["auto", "labels", "milp"]
EQUAL = 1e-9
"""Objectives this close, relative, are a tie: double precision tells them no further apart."""
MODEL_ERROR = 1e-7
"""How far, relative, the model may value a plan below its exact value before the plan is cut off and searched again."""
AT_ONCE, PER_SECOND = 5_000, 10_000
"""Placements that are bounded whatever the time limit, and more of them for each second there is."""
ATTEMPTS = 50
"""Incumbents cut off at most before the search stops with the best plan that holds."""
SECONDED, AT_LEAST_S = 0.05, 2.0
"""Share of the time of a search by HiGHS alone that bounds and labels get to confirm it, and seconds at least, in which
small questions are done however busy a machine is."""
BEATEN = "HiGHS was wrong: a plan known is better than what it proved, so that its word was not taken"
CONES = 1_000
"""Cuts of the cone of a tail latency at most."""


@dataclass(frozen=True)
class Settings:
    """How to search: gap, when to stop, HiGHS threads and seed, further options, progress callback, own constraints.

    `grace_s` is what a first plan may take beyond the deadline.
    """

    gap: float = 1e-6
    deadline: Deadline = field(default_factory=Deadline)
    threads: int = 0
    seed: int = 0
    method: Method = "auto"
    options: Mapping[str, object] = field(default_factory=dict)
    on_progress: Callable[[Progress], None] | None = None
    extra: Extra | None = None
    grace_s: float = GRACE_S


@dataclass(slots=True)
class Found:
    """State of a search: the best decision that holds exactly, its metrics, and the bound.

    `pruned` is there where placements were listed one by one, `chain` where all were swept at once. Nothing is better
    than `checked` whatever a solver says: that is from multipliers (`certifying.py`), Lagrangian bounds and labels.
    `doubt` says what of a solver's word was not confirmed.
    """

    decision: Decision | None = None
    metrics: Metrics | None = None
    value: float = math.inf
    bound: float = -math.inf
    model_value: float | None = None
    nodes: int = 0
    infeasible: bool = False
    checked: float = -math.inf
    doubt: str = ""
    pruned: Pruned | None = None
    chain: ChainSearch | None = None

    def proven(self, gap: float) -> bool:
        """Whether the decision is within the gap of the bound."""
        size = abs(self.value) if math.isfinite(self.value) else abs(self.bound)  # relative to the plan, as it is told
        return self.value <= self.bound + max(gap, EQUAL) * size * (1 + 1e-9) + 1e-15

    def offer(self, decision: Decision, metrics: Metrics, value: float) -> None:
        """Keep the better of the known decision and this one."""
        if not metrics.breaches and value < self.value:
            self.decision, self.metrics, self.value = decision, metrics, value


def listable(deadline: Deadline) -> int:
    """Return how many placements may be listed one by one in the time left."""
    return min(MOST, max(AT_ONCE, int(deadline.left * PER_SECOND))) if deadline.limited else MOST


def search(
    instance: Instance, settings: Settings, goal: Goal, within: Pruned | None = None, *, check: bool = True
) -> Found:
    """Search for the best decision that holds exactly.

    Parameters
    ----------
    within
        What an earlier search of a looser problem left; None: bounds come first, where the settings allow it.
    check
        Whether a solver's word is to be checked; not where a plan is wanted and no proof.

    Raises
    ------
    InputError
        Where labels are asked for and do not cover the instance.
    """
    if not settings.grace_s and settings.deadline.expired:
        return Found()
    plain = settings.extra is None  # labels and bounds on placements know nothing of a user's constraints
    if within is None and settings.method != "milp" and plain:
        by_chain = _by_chain(instance, settings, goal)
        if by_chain is not None:
            return by_chain
        if settings.method == "labels":
            cure = "labels take menu thresholds, accounting per request, worst or mean latency: use method auto"
            raise InputError([Problem("", "method", "'labels' does not cover this instance", cure)])
    found = Found()
    pruned = within
    if pruned is None and settings.method == "auto" and plain:
        try:
            pruned = prune(instance, goal, listable(settings.deadline), settings.deadline.later(settings.grace_s))
        except OutOfTime:
            return found
    found.pruned = pruned
    if pruned is not None and within is None:
        if pruned.kept == 0 or pruned.bound == math.inf:
            found.infeasible = True
            return found
        found.bound = found.checked = pruned.bound - EQUAL * abs(pruned.bound)
        if pruned.start is not None:
            metrics = evaluate(instance, pruned.start)
            found.offer(pruned.start, metrics, metrics.blended(goal, instance.latency_measure))
    try:
        if settings.deadline.expired and Data(instance).connected:
            return found
        built = build(
            instance,
            goal,
            allowed=pruned.places if pruned else None,
            levels=pruned.levels if pruned else None,
            deadline=settings.deadline,
        )
        if settings.extra is not None:
            add_own(built, settings.extra)
        model = HighsModel(built.model, settings.deadline)
    except Disconnected:
        found.infeasible = True
        return found
    except OutOfTime:
        return found
    attempt = cones = 0
    beaten = False
    while attempt < ATTEMPTS and cones < CONES and not settings.deadline.expired:
        outcome = _run(model, built, settings, found, check)
        found.nodes += outcome.nodes
        # a cut removes one plan of a menu, but a whole family of continuous thresholds: no bound from what is left then
        proves = attempt == 0 or instance.threshold_mode == "menu"
        found.doubt = outcome.doubt
        beaten = attempt == 0 and outcome.bound * built.unit > found.value + MODEL_ERROR * abs(found.value)
        if outcome.status == "infeasible":
            found.infeasible = found.decision is None and proves
            if attempt > 0 and proves:
                found.bound = math.inf
            if proves:
                found.checked = max(found.checked, outcome.checked)
            break
        if proves and math.isfinite(outcome.bound) and not beaten:
            found.bound = max(found.bound, outcome.bound * built.unit)
            found.checked = max(found.checked, outcome.checked * built.unit)
        if outcome.status == "no_solution":
            break
        if _take(instance, built, model, outcome, found, goal, settings) or outcome.status == "limit":
            break
        if _cut_cone(model, built, outcome):
            cones += 1
        else:
            _cut_off(model, built, outcome)
            attempt += 1
    if beaten:
        found.doubt = BEATEN
    found.bound = min(found.bound, found.value)
    if settings.method == "milp" and within is None and plain and check and not _is_sure(found, settings.gap):
        _second(instance, settings, goal, found)
    found.checked = min(found.checked, found.bound)
    return found


def _is_sure(found: Found, gap: float) -> bool:
    """Whether multipliers alone prove what was found."""
    if found.decision is None:
        return found.infeasible and found.checked == math.inf
    return found.checked >= found.bound - gap * abs(found.bound)


def _second(instance: Instance, settings: Settings, goal: Goal, found: Found) -> None:
    """Hold what HiGHS says against bounds on all placements and labels, as far as they get in a share of its time.

    A plan that it says there is none of, or that is better than its bound, refutes it.
    """
    deadline = settings.deadline
    if deadline.expired:
        return
    quick = Deadline(min(deadline.left, max(SECONDED * deadline.seconds, AT_LEAST_S)))
    second = _by_chain(instance, replace(settings, deadline=quick, on_progress=None), goal)
    if second is None:
        try:
            pruned = prune(instance, goal, AT_ONCE, quick)
        except OutOfTime:
            return
        if pruned is None:
            return
        second = Found(infeasible=not pruned.kept, bound=pruned.bound - EQUAL * abs(pruned.bound))
        if pruned.start is not None:
            metrics = evaluate(instance, pruned.start)
            second.offer(pruned.start, metrics, metrics.blended(goal, instance.latency_measure))
    if second.infeasible:
        if found.decision is None:
            found.infeasible, found.doubt = True, ""
        return
    found.checked = max(found.checked, second.bound)
    if second.decision is not None and second.metrics is not None:
        refuted = found.infeasible or found.bound > second.value + MODEL_ERROR * abs(second.value)
        if refuted:
            found.infeasible, found.bound = False, second.bound
        if refuted or found.decision is None:
            found.doubt = BEATEN if refuted else ""
        found.offer(second.decision, second.metrics, second.value)
    found.bound = min(max(found.bound, second.bound), found.value)


def _by_chain(instance: Instance, settings: Settings, goal: Goal) -> Found | None:
    """Search without HiGHS, where the instance is a pure chain; None where that does not reach."""
    fastest = set(goal) == {"latency"} and instance.latency_measure == "worst"
    if not covered(instance, {"cost": 1.0} if fastest else goal):
        return None
    data = Data(instance)
    if not data.connected:
        return Found(infeasible=True)
    chain = Chain.of(data, {"cost": 1.0} if fastest else goal)
    return swept(instance, chain, settings, goal)


def swept(
    instance: Instance,
    chain: Chain,
    settings: Settings,
    goal: Goal,
    pool: Paths | None = None,
    held: Floats | None = None,
) -> Found | None:
    """Search the arrays of an instance; None where that does not reach.

    Parameters
    ----------
    pool, held
        Of `ChainSearch.run`.
    """
    fastest = set(goal) == {"latency"} and instance.latency_measure == "worst"
    report, deadline = settings.on_progress, settings.deadline

    def better(value: float, bound: float) -> None:
        if report is not None:
            report(Progress(deadline.seconds, value * chain.unit, bound * chain.unit, True))

    run = ChainSearch(chain, max(settings.gap, EQUAL), deadline, better, settings.grace_s)
    found = Found(chain=run)
    if fastest:
        if run.limited[:-1].any() or run.tight:
            return None
        try:
            quickest = run.fastest()
        except OutOfTime:
            return found
        found.infeasible = quickest is None
        decision = None if quickest is None else quickest[0]
        found.bound = math.inf if quickest is None else quickest[1] * chain.data.second
    else:
        if not run.run(pool, held):
            return None
        decision, found.infeasible, found.bound = run.decision(), run.infeasible, run.bound * chain.unit
    if found.infeasible:
        found.bound = math.inf  # there is nothing to bound
    found.checked = found.bound
    if decision is not None:
        metrics = evaluate(instance, decision)
        found.offer(decision, metrics, metrics.blended(goal, instance.latency_measure))
        if found.decision is None:
            return None  # a limit held within rounding only: the model has room for that
        found.bound = min(found.bound, found.value)
    return found


def _take(
    instance: Instance,
    built: Built,
    model: HighsModel,
    outcome: Outcome,
    found: Found,
    goal: Goal,
    settings: Settings,
) -> bool:
    """Value the incumbent exactly and keep it if it is the best; say whether the model valued it rightly."""
    polished = outcome if instance.threshold_mode == "menu" else model.polish(outcome, settings.deadline)
    if polished is None:
        return False
    decision = _read(instance, built, polished)
    metrics = evaluate(instance, decision)
    value = metrics.blended(goal, instance.latency_measure)
    found.offer(decision, metrics, value)
    modelled = polished.objective * built.unit
    if found.decision == decision:
        found.model_value = modelled
    return not metrics.breaches and value <= modelled + MODEL_ERROR * abs(value)


def _run(model: HighsModel, built: Built, settings: Settings, found: Found, check: bool) -> Outcome:
    start = _start(built, found.decision) if found.decision is not None else None
    report = settings.on_progress
    if report is not None:
        given, unit = report, built.unit

        def scaled(p: Progress) -> None:
            incumbent = None if p.incumbent is None else p.incumbent * unit
            given(Progress(p.seconds, incumbent, p.bound * unit, p.improved))

        report = scaled
    return model.solve(
        gap=settings.gap / 2,  # the other half is for the exact value of the incumbent
        time_limit=settings.deadline.left,
        threads=settings.threads,
        seed=settings.seed,
        start=start,
        on_progress=report,
        options=settings.options,
        check=check,
    )


def _start(built: Built, decision: Decision) -> dict[int, float]:
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
                values[id(m.z[s, i])] = decision.weights[s - 1][level.index] if level.variant == owner else 0.0
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


def _read(instance: Instance, built: Built, outcome: Outcome) -> Decision:
    """Read the decision out of an incumbent: the binaries rounded, the weights of continuous thresholds normalised."""
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


def _weights(instance: Instance, built: Built, outcome: Outcome, s: int, variant: int, last: bool) -> tuple[float, ...]:
    """Read how often each entry of the stage's menu is used; everybody leaves at the last one of the plan."""
    m, data = built.model, built.data
    levels = [i for i in data.levels[s] if data.menu[s][i].variant == data.owner(s, variant)]
    row = [0.0] * len(instance.menu(s - 1, variant).exit_rates)

    def put(level: int, weight: float) -> None:
        row[data.menu[s][level].index] = weight

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
        if total <= 1e-12:  # nobody gets here: any threshold will do
            flows, total = [float(level == usable[0]) for level in levels], 1.0
        kept = [f if f > 1e-9 * total else 0.0 for f in flows]
        for level, flow in zip(levels, kept, strict=True):
            put(level, flow / math.fsum(kept))
    return tuple(row)


def _cut_cone(model: HighsModel, built: Built, outcome: Outcome) -> bool:
    """Cut the cone of a tail latency (`latency.py`) at the incumbent; say whether the incumbent broke it."""
    m, data = built.model, built.data
    if m.component("spread") is None:
        return False
    chosen = [place for place in data.places if outcome.value(m.x[place]) > 0.5 and data.deviation(*place) > 0]
    norm = math.sqrt(math.fsum(data.deviation(*place) ** 2 for place in chosen))
    if norm - outcome.value(m.spread) <= EQUAL * norm:
        return False
    columns = [m.x[place] for place in chosen]
    model.add_cut([*columns, m.spread], [*(data.deviation(*place) ** 2 / norm for place in chosen), -1.0], 0.0)
    return True


def _cut_off(model: HighsModel, built: Built, outcome: Outcome) -> None:
    """Exclude the incumbent's binaries (a no-good cut): exact evaluation showed that they do not hold."""
    m = built.model
    names = ("x", "z", "segment", "way")
    binaries = [v for name in names if (c := m.component(name)) is not None for v in c.values()]
    chosen = [variable for variable in binaries if outcome.value(variable) > 0.5]
    model.add_cut(chosen, [1.0] * len(chosen), len(chosen) - 1)
