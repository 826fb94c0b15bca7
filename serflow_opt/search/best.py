"""Search for the best plan of one objective: prune, build, hand to HiGHS, evaluate exactly, cut off what does not hold.

The way is chosen here: labels and bounds where the instance is a chain, mixes of thresholds where machines are rented
whole besides, else bounds on all placements and HiGHS on what they leave (`milp.py`). What HiGHS says is held against
the bounds, and a limit that is out of reach by less than its tolerances is found from each limit alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from serflow_opt import kernels
from serflow_opt.backend.running import Progress
from serflow_opt.errors import InputError, Problem
from serflow_opt.formulations.coefficients import Data
from serflow_opt.ground.arrays import Floats
from serflow_opt.ground.deadline import Deadline, OutOfTime
from serflow_opt.ground.gaps import relative_gap
from serflow_opt.ground.tolerances import EQUAL, MODEL_ERROR, TOLERANCE
from serflow_opt.plan.decision import Decision
from serflow_opt.plan.evaluator import evaluate
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.kinds import Objective
from serflow_opt.problem.limits import ceiling, limits_set, put
from serflow_opt.search.combinatorial import ChainSearch
from serflow_opt.search.goal import Goal
from serflow_opt.search.layered import Chain, covered, uncovered
from serflow_opt.search.outcome import OUT_OF_TIME, SearchOutcome, SearchSettings
from serflow_opt.search.placements import MOST, Paths
from serflow_opt.search.prune import Pruned, prune
from serflow_opt.search.rented.late import LateSearch
from serflow_opt.search.rented.question import taken, told_apart, untaken
from serflow_opt.search.rented.search import RentedSearch

AT_ONCE, PER_SECOND = 5_000, 10_000
"""Placements that are bounded whatever the time limit, and more of them for each second there is."""
SECONDED, AT_LEAST_S = 0.05, 2.0
"""Share of the time of a search by HiGHS alone that bounds and labels get to confirm it, and seconds at least, in which
small questions are done however busy a machine is."""


def listable(deadline: Deadline) -> int:
    """Return how many placements may be listed one by one in the time left."""
    return min(MOST, max(AT_ONCE, int(deadline.left * PER_SECOND))) if deadline.limited else MOST


def search(
    instance: Instance, settings: SearchSettings, goal: Goal, within: Pruned | None = None, *, check: bool = True
) -> SearchOutcome:
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


def _misses(instance: Instance, settings: SearchSettings) -> bool:
    """Whether what is best in some limit alone misses it while the others hold, be it by less than HiGHS resolves."""
    closely = replace(settings, gap=0.0, method="auto", on_progress=None)
    for limit in limits_set(instance):
        if limit.objective is None:
            continue
        objective: Objective = limit.objective  # type: ignore[assignment]  # one of its own
        most = ceiling(instance, objective)
        found = _searched(put(instance, limit.key, None), closely, {objective: 1.0}, None, check=True)
        if found.infeasible or found.checked > most + 1.1 * TOLERANCE * abs(most):  # what bounds are rounded by, too
            return True
    return False


def _searched(
    instance: Instance, settings: SearchSettings, goal: Goal, within: Pruned | None, check: bool
) -> SearchOutcome:
    """Search for the best decision, as `search`; what is said of it is HiGHS's word yet."""
    if not settings.grace_s and settings.deadline.expired:
        return SearchOutcome()
    plain = settings.extra is None  # labels and bounds on placements know nothing of a user's constraints
    if instance.egress and plain and settings.method != "milp":
        from serflow_opt.search.volume_tiers import by_tiers

        return by_tiers(instance, settings, goal, search)
    if within is None and settings.method != "milp" and plain:
        exact = _exactly(instance, settings, goal)
        if exact is not None:
            return exact
        if settings.method in ("labels", "mixes"):
            raise InputError([_not_reached(instance, settings.method, goal)])
    found = SearchOutcome()
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
    # Pyomo takes long to import; most questions are answered without
    from serflow_opt.backend.highs import HighsModel
    from serflow_opt.formulations.model import Disconnected, build
    from serflow_opt.search.milp import search_model
    from serflow_opt.search.own_constraints import add_own

    try:
        if settings.deadline.expired and Data(instance, tiered=True).connected:
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
    search_model(instance, built, model, settings, goal, found, check)
    if settings.method == "milp" and within is None and plain and check and not _is_sure(found, settings.gap):
        _second(instance, settings, goal, found)
    found.checked = min(found.checked, found.bound)
    return found


def _not_reached(instance: Instance, method: str, goal: Goal) -> Problem:
    """Say what of an instance a method without HiGHS does not take."""
    if method == "mixes" and not kernels.compiled:
        return Problem("", "method", "'mixes' without compiled kernels", "use method auto, or install with a compiler")
    beyond = _beyond_mixes(instance, goal) if method == "mixes" else _beyond_labels(instance, goal)
    if not beyond:
        return Problem("", "method", f"'{method}' comes to no proof within these limits", "use method auto")
    what = f"'{method}' does not cover this instance: {', '.join(beyond)}"
    return Problem("", "method", what, "use method auto, or leave that out")


def _beyond_labels(instance: Instance, goal: Goal) -> list[str]:
    """Name what labels do not take, limits beside the fastest plan included."""
    beyond = uncovered(instance, _swept_goal(instance, goal))
    if _fastest(instance, goal):
        others = [own.key for own in limits_set(instance) if own.objective not in (None, "accuracy", "latency")]
        beyond += [f"{key} with worst-case latency as the goal" for key in others]
    return beyond


def _beyond_mixes(instance: Instance, goal: Goal) -> list[str]:
    """Name what mixes do not take, cold starts beside a percentile included."""
    beyond = untaken(instance, goal)
    if not beyond and instance.quantile is not None and instance.latency_slo_s is not None:
        data = Data(instance)
        if data.connected and not told_apart(data):
            beyond = [f"latency_measure = {instance.latency_measure} with cold starts that differ, or come later"]
    return beyond


def _is_sure(found: SearchOutcome, gap: float) -> bool:
    """Whether multipliers alone prove what was found."""
    if found.decision is None:
        return found.infeasible and found.checked == math.inf
    return found.checked >= found.bound - gap * abs(found.bound)


def _second(instance: Instance, settings: SearchSettings, goal: Goal, found: SearchOutcome) -> None:
    """Hold what HiGHS says against bounds on all placements and labels, as far as they get in a share of its time.

    A plan that it says there is none of, or that is better than its bound, refutes it.
    """
    from serflow_opt.search.milp import BEATEN

    deadline = settings.deadline
    if deadline.expired:
        return
    quick = Deadline(min(deadline.left, max(SECONDED * deadline.seconds, AT_LEAST_S)))
    again = replace(settings, method="auto", deadline=quick, on_progress=None)
    second = _searched(instance, again, goal, None, check=True) if instance.egress else _exactly(instance, again, goal)
    if second is None:
        try:
            pruned = prune(instance, goal, AT_ONCE, quick)
        except OutOfTime:
            return
        if pruned is None:
            return
        second = SearchOutcome(infeasible=not pruned.kept, bound=pruned.bound - EQUAL * abs(pruned.bound))
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


def _exactly(instance: Instance, settings: SearchSettings, goal: Goal) -> SearchOutcome | None:
    """Search without HiGHS, by the method asked for or what covers the instance; None where that does not reach."""
    if settings.method != "mixes":
        by_chain = _by_chain(instance, settings, goal)
        if by_chain is not None or settings.method == "labels":
            return by_chain
    return _rented(instance, settings, goal)


def _rented(instance: Instance, settings: SearchSettings, goal: Goal) -> SearchOutcome | None:
    """Search by mixes of thresholds; None where that does not reach, or ends without a proof."""
    if not kernels.compiled or not taken(instance, goal):
        return None
    data = Data(instance)
    if not data.connected:
        return SearchOutcome(infeasible=True, bound=math.inf, checked=math.inf)
    return mixed(instance, Chain.of(data, goal), settings, goal)


def mixed(
    instance: Instance, chain: Chain, settings: SearchSettings, goal: Goal, pool: Paths | None = None
) -> SearchOutcome | None:
    """Search the arrays of an instance by mixes of thresholds; None where that does not reach, or proves nothing.

    Parameters
    ----------
    pool
        Of `RentedSearch.run`; not where a percentile is limited.
    """
    gap, told, grace_s = max(settings.gap, EQUAL), _told(settings, chain), settings.grace_s
    run: LateSearch | RentedSearch
    if "late" in chain.columns:
        if not told_apart(chain.data):
            return None
        run = LateSearch(chain, gap, settings.deadline, told, grace_s)
        ended = run.run()
    else:
        run = RentedSearch(chain, gap, settings.deadline, told, grace_s)
        ended = run.run(pool)
    if not ended:
        return None
    found = SearchOutcome(rented=run)
    found.nodes = run.counts.nodes
    found = _valued(instance, goal, found, run.decision(), run.infeasible, run.bound * chain.unit)
    known = found.infeasible or found.proven(settings.gap)
    return found if known or settings.deadline.expired else None


def _told(settings: SearchSettings, chain: Chain) -> Callable[[float, float], None] | None:
    """Progress of a search in the units of the chain, as it is told."""
    report, deadline = settings.on_progress, settings.deadline
    if report is None:
        return None
    return lambda value, bound: report(Progress(deadline.seconds, value * chain.unit, bound * chain.unit, True))


def _by_chain(instance: Instance, settings: SearchSettings, goal: Goal) -> SearchOutcome | None:
    """Search without HiGHS, where the instance is a pure chain; None where that does not reach."""
    columns = _swept_goal(instance, goal)
    if not covered(instance, columns):
        return None
    data = Data(instance)
    if not data.connected:
        return SearchOutcome(infeasible=True)
    return swept(instance, Chain.of(data, columns), settings, goal)


def _fastest(instance: Instance, goal: Goal) -> bool:
    """Whether the least worst-case latency is asked for, and nothing beside."""
    return set(goal) == {"latency"} and instance.latency_measure == "worst"


def _swept_goal(instance: Instance, goal: Goal) -> Goal:
    """Return what columns are made of: the fastest plan is found by whole time, beside money."""
    return {"cost": 1.0} if _fastest(instance, goal) else goal


def swept(
    instance: Instance,
    chain: Chain,
    settings: SearchSettings,
    goal: Goal,
    pool: Paths | None = None,
    held: Floats | None = None,
) -> SearchOutcome | None:
    """Search the arrays of an instance; None where that does not reach.

    Parameters
    ----------
    pool, held
        Of `ChainSearch.run`.
    """
    fastest = _fastest(instance, goal)
    run = ChainSearch(chain, max(settings.gap, EQUAL), settings.deadline, _told(settings, chain), settings.grace_s)
    found = SearchOutcome(chain=run)
    if fastest:
        if run.limited[:-1].any() or run.tight:
            return None
        try:
            quickest = run.fastest()
        except OutOfTime:
            return found
        decision = None if quickest is None else quickest[0]
        bound = math.inf if quickest is None else quickest[1] * chain.data.second
        infeasible = quickest is None
    else:
        if not run.run(pool, held):
            return None
        decision, infeasible, bound = run.decision(), run.infeasible, run.bound * chain.unit
    found = _valued(instance, goal, found, decision, infeasible, bound)
    return None if decision is not None and found.decision is None else found


def _valued(
    instance: Instance, goal: Goal, found: SearchOutcome, decision: Decision | None, infeasible: bool, bound: float
) -> SearchOutcome:
    """Put into `found` what a search without HiGHS came to; a plan that holds within rounding only is not taken."""
    found.infeasible = infeasible
    found.bound = found.checked = math.inf if infeasible else bound  # there is nothing to bound
    if decision is not None:
        metrics = evaluate(instance, decision)
        found.offer(decision, metrics, metrics.blended(goal, instance.latency_measure))
        if found.decision is not None:
            found.bound = min(found.bound, found.value)
    return found
