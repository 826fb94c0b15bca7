"""Of equally good plans the one that is best in a further objective, by bounds already known or by one more search."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from serflow_opt.formulations.coefficients import Data
from serflow_opt.ground.deadline import OutOfTime
from serflow_opt.ground.gaps import relative_gap
from serflow_opt.ground.tolerances import EQUAL
from serflow_opt.plan.decision import Decision
from serflow_opt.plan.evaluator import evaluate
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.kinds import Objective
from serflow_opt.problem.limits import at_most
from serflow_opt.search.best import search
from serflow_opt.search.combinatorial import ChainSearch
from serflow_opt.search.goal import order_of
from serflow_opt.search.layered import Chain
from serflow_opt.search.outcome import SearchOutcome, SearchSettings
from serflow_opt.search.rented import ties as rented_ties
from serflow_opt.search.ties import equally_good
from serflow_opt.search.underestimates import by_placement


def any_method(settings: SearchSettings) -> SearchSettings:
    """Settings for searches with another goal or other limits, which a method without HiGHS may not cover."""
    return replace(settings, method="auto") if settings.method in ("labels", "mixes") else settings


def break_ties(instance: Instance, found: SearchOutcome, settings: SearchSettings) -> None:
    """Of equally good plans take the one that is best in further objectives, in turn.

    Parameters
    ----------
    instance, settings
        What was asked; nothing is looked for past the deadline.
    found
        The best plan of the first objective; it takes a better one of those that are as good.
    """
    quiet = replace(any_method(settings), on_progress=None, grace_s=0.0)
    if instance.minimize == "weighted":
        return
    if found.chain is not None and found.chain.best is not None and not instance.then and found.value != 0:
        _best_of_equals(instance, found, found.chain, settings.gap)
        return
    if found.rented is not None and order_of(instance) == ("latency",) and _by_path(instance):
        with suppress(OutOfTime):
            _keep_better(instance, found, [rented_ties.equally_good(found.rented, instance, EQUAL)], settings.gap)
        return
    if order_of(instance) == ("latency",) and _by_percentile(instance, found, settings):
        return
    name: Objective = instance.minimize
    held, value, pruned = instance, found.value, found.pruned
    proven = found.proven(settings.gap)
    for other in order_of(instance):
        if not proven or settings.deadline.expired or other == name:
            return
        assert found.metrics is not None
        allowance = value + EQUAL * abs(value)
        held = at_most(held, name, allowance)
        within = None
        if pruned is not None and name == "cost":  # what the bounds left may be all there is
            known = found.metrics.objective(other, instance.latency_measure)
            better = known * (1 - EQUAL) if other == "latency" and by_placement(instance) else math.inf
            within = pruned.rivals(allowance, better)
            if not within.kept:
                return
        second = search(held, quiet, {other: 1.0}, within, check=False)
        found.nodes += second.nodes
        if second.decision is None or second.metrics is None:
            return
        measure = instance.latency_measure
        if second.metrics.objective(other, measure) < found.metrics.objective(other, measure):
            found.decision, found.metrics = second.decision, second.metrics
        proven, pruned = second.proven(settings.gap), None
        name, value = other, found.metrics.objective(other, measure)


def _by_path(instance: Instance) -> bool:
    """Whether the latency is that of a path, or of a part of one that has a limit."""
    late = instance.quantile is not None and instance.latency_slo_s is not None
    return instance.latency_measure == "worst" or late


def _by_percentile(instance: Instance, found: SearchOutcome, settings: SearchSettings) -> bool:
    """Look for equally good plans of a lower percentile by mixes; say whether they take that."""
    if settings.extra is not None or instance.quantile is None or found.metrics is None:
        return False  # mixes know nothing of a user's constraints
    if not found.proven(settings.gap):
        return False
    seconds = found.metrics.latency_ms(instance.latency_measure) / 1000
    try:
        takes, decision = rented_ties.lower_percentile(instance, found.value, seconds, settings.deadline, EQUAL)
    except OutOfTime:
        return True
    _keep_better(instance, found, [decision], settings.gap)
    return takes


def _best_of_equals(instance: Instance, found: SearchOutcome, chain: ChainSearch, gap: float) -> None:
    """Look for equally good plans that are better in the next objective."""
    (other,) = order_of(instance)
    held = None
    if other != "latency" or instance.latency_measure != "worst":
        allowance = found.value + EQUAL * abs(found.value)
        held = Chain.of(Data(at_most(instance, instance.minimize, allowance)), {other: 1.0})  # type: ignore[arg-type]
    try:
        equals = equally_good(chain, held, EQUAL)
    except OutOfTime:
        return
    _keep_better(instance, found, equals, gap)


def _keep_better(instance: Instance, found: SearchOutcome, equals: Sequence[Decision | None], gap: float) -> None:
    """Of plans as good as the one found keep what is best in the next objective."""
    (other,) = order_of(instance)
    for decision in equals:
        if decision is None:
            continue
        metrics = evaluate(instance, decision)
        value = metrics.objective(instance.minimize, instance.latency_measure)
        if found.metrics is None or metrics.breaches or relative_gap(value, found.bound) > max(gap, EQUAL):
            continue
        if value > found.value + 2 * EQUAL * abs(found.value):  # within the gap, yet dearer
            continue
        now, best = (m.objective(other, instance.latency_measure) for m in (metrics, found.metrics))
        if now < best - EQUAL * abs(best):
            found.decision, found.metrics = decision, metrics
