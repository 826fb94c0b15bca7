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

from serflow_opt.backend.highs import HighsModel, Outcome
from serflow_opt.backend.running import Progress
from serflow_opt.errors import InputError, Problem
from serflow_opt.formulations.coefficients import Data
from serflow_opt.formulations.model import Built, Disconnected, build
from serflow_opt.ground.arrays import Floats
from serflow_opt.ground.deadline import GRACE_S, Deadline, OutOfTime
from serflow_opt.ground.gaps import relative_gap
from serflow_opt.plan.decision import Decision
from serflow_opt.plan.document import Metrics
from serflow_opt.plan.evaluator import TOLERANCE, evaluate
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.limits import limits_set, put
from serflow_opt.search.combinatorial import ChainSearch
from serflow_opt.search.goal import Goal, ceiling
from serflow_opt.search.incumbent import decision_in, start_of
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
OUT_OF_TIME = "time ran out before a plan was found"
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
    `doubt` says what of a solver's word was not confirmed, or why there is no plan; `refused` plans did not hold.
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
    refused: int = 0
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
    found = _searched(instance, settings, goal, within, check)
    if found.decision is None and not found.infeasible:
        if (found.refused or found.doubt) and settings.extra is None and _misses(instance, settings):
            found.infeasible, found.bound, found.checked, found.doubt = True, math.inf, math.inf, ""
        found.doubt = found.doubt or ("" if found.infeasible else OUT_OF_TIME)
    elif relative_gap(found.value, found.checked) <= max(settings.gap - 2 * EQUAL, EQUAL):
        found.bound = found.checked  # all that is told is proven then
    return found


def _misses(instance: Instance, settings: Settings) -> bool:
    """Whether what is best in some limit alone misses it while the others hold, be it by less than HiGHS resolves."""
    closely = replace(settings, gap=0.0, method="auto", on_progress=None)
    for limit in limits_set(instance):
        if limit.objective is None:
            continue
        most = ceiling(instance, limit.objective)
        found = _searched(put(instance, limit.key, None), closely, {limit.objective: 1.0}, None, check=True)
        if found.infeasible or found.checked > most + 1.1 * TOLERANCE * abs(most):  # what bounds are rounded by, too
            return True
    return False


def _searched(instance: Instance, settings: Settings, goal: Goal, within: Pruned | None, check: bool) -> Found:
    """Search for the best decision, as `search`; what is said of it is HiGHS's word yet."""
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
    _by_model(instance, built, model, settings, goal, found, check)
    if settings.method == "milp" and within is None and plain and check and not _is_sure(found, settings.gap):
        _second(instance, settings, goal, found)
    found.checked = min(found.checked, found.bound)
    return found


def _by_model(
    instance: Instance, built: Built, model: HighsModel, settings: Settings, goal: Goal, found: Found, check: bool
) -> None:
    """Ask HiGHS again and again, until what it finds holds exactly."""
    attempt = cones = 0
    beaten = False
    while attempt < ATTEMPTS and cones < CONES and not settings.deadline.expired:
        outcome = run(model, built, settings, found, check)
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
            if found.decision is None and not found.doubt:
                found.doubt = f"HiGHS ended without a plan: {outcome.ended}"
            break
        if _take(instance, built, model, outcome, found, goal, settings) or outcome.status == "limit":
            break
        if _cut_cone(model, built, outcome):
            cones += 1
        else:
            _cut_off(model, built, outcome)
            attempt += 1
    found.refused = attempt + cones
    if found.decision is None and not found.infeasible and not found.doubt and attempt:
        found.doubt = (
            f"HiGHS found plans that break a limit by less than its tolerance, {attempt} of them, and no other"
        )
    if beaten:
        found.doubt = BEATEN
    found.bound = min(found.bound, found.value)


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
    decision = decision_in(instance, built, polished)
    metrics = evaluate(instance, decision)
    value = metrics.blended(goal, instance.latency_measure)
    found.offer(decision, metrics, value)
    modelled = polished.objective * built.unit
    if found.decision == decision:
        found.model_value = modelled
    return not metrics.breaches and value <= modelled + MODEL_ERROR * abs(value)


def run(model: HighsModel, built: Built, settings: Settings, found: Found, check: bool) -> Outcome:
    start = start_of(built, found.decision) if found.decision is not None else None
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
