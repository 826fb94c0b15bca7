"""Plans as good as the best one of a search by mixes, and faster."""

from __future__ import annotations

from dataclasses import replace

from serflow_opt import kernels
from serflow_opt.formulations.coefficients import Data
from serflow_opt.ground.arrays import Floats
from serflow_opt.ground.deadline import Deadline
from serflow_opt.ground.tolerances import SLACK
from serflow_opt.plan.decision import Decision
from serflow_opt.plan.evaluator import evaluate
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.limits import at_most
from serflow_opt.search.layered import Chain
from serflow_opt.search.rented.late import LateSearch
from serflow_opt.search.rented.question import taken, told_apart
from serflow_opt.search.rented.search import RentedSearch

FEW_NODES, MOST_NODES = 2_000, 20_000
"""Nodes looked at, at most: as many as the best plan itself has taken, but no fewer and no more than these."""
ANY = 1.0
"""Gap at which the first plan is taken."""


def equally_good(search: RentedSearch | LateSearch, instance: Instance, tolerance: float) -> Decision | None:
    """Return the fastest plan as good as the best one, where there is a faster one.

    Parameters
    ----------
    search
        One that has ended, by mixes.
    instance
        What was searched; its latency is that of the worst case or a percentile.
    tolerance
        Relative difference that counts as equal.
    """
    limits = search.chain.limits.copy()
    limits[0] = search.value + tolerance * abs(search.value)
    if isinstance(search, LateSearch):
        decision = search.decision()
        known = None if decision is None else evaluate(instance, decision).latency_ms(instance.latency_measure) / 1000
        return _lower(search, search.held, instance, replace(search.chain, limits=limits), known, tolerance)
    if search.best is None:
        return None
    sooner = min(search.chain.whole_limit, float(search.best[0].whole[0]) * (1 - tolerance))
    chain = replace(search.chain, limits=limits, whole_limit=sooner)
    most = min(max(FEW_NODES, search.counts.nodes), MOST_NODES)
    other = RentedSearch(chain, ANY, search.deadline, most_nodes=most)
    other.columns.measure(search.columns.unit)
    return other.fastest_within(search.held, search.left)


def lower_percentile(
    instance: Instance, value: float, seconds: float, deadline: Deadline, tolerance: float
) -> tuple[bool, Decision | None]:
    """Look for plans of a lower percentile of the latency that are as good.

    Parameters
    ----------
    instance
        Its latency is a percentile.
    value
        The best value of what it minimises, in USD, loss, joules or grams.
    seconds
        The percentile of a plan of that value.
    deadline
        When to stop.
    tolerance
        Relative difference that counts as equal.

    Returns
    -------
    bool, Decision
        Whether mixes take the question; of the plans found the last, None where there is none.
    """
    goal = {instance.minimize: 1.0}
    if not kernels.compiled or instance.quantile is None or not taken(instance, goal):  # type: ignore[arg-type]
        return False, None
    data = Data(at_most(instance, "latency", seconds))
    if not data.connected or not told_apart(data):
        return False, None
    chain = Chain.of(data, goal)  # type: ignore[arg-type]
    limits = chain.limits.copy()
    limits[0] = (value + tolerance * abs(value)) / chain.unit
    search = LateSearch(chain, ANY, deadline)
    return True, _lower(search, None, instance, replace(chain, limits=limits), seconds, tolerance)


def _lower(
    search: LateSearch, held: Floats | None, instance: Instance, chain: Chain, seconds: float | None, tolerance: float
) -> Decision | None:
    """Look for plans of lower and lower percentiles, until there is none; the last that was found."""
    best = None
    while seconds is not None and seconds > 0:
        sooner = seconds * (1 - tolerance) * (1 - SLACK) / chain.data.second
        lower = LateSearch(replace(chain, whole_limit=sooner), ANY, search.deadline, most_nodes=MOST_NODES)
        lower.unit = search.unit
        lower.run(held)
        decision = lower.decision()
        if decision is None:
            break
        best, seconds = decision, evaluate(instance, decision).latency_ms(instance.latency_measure) / 1000
    return best
