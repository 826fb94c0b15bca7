"""Plans as good as the best one of a search by mixes, and faster."""

from __future__ import annotations

from dataclasses import replace

from serflow_opt.ground.arrays import Floats
from serflow_opt.ground.tolerances import SLACK
from serflow_opt.plan.decision import Decision
from serflow_opt.plan.evaluator import evaluate
from serflow_opt.problem.instance import Instance
from serflow_opt.search.rented.late import LateSearch
from serflow_opt.search.rented.search import RentedSearch

MOST_NODES = 20_000
"""Nodes looked at, at most: equally good plans are looked for as long as that takes few."""
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
        return _late(search, instance, limits, tolerance)
    if search.best is None:
        return None
    sooner = min(search.chain.whole_limit, float(search.best[0].whole[0]) * (1 - tolerance))
    chain = replace(search.chain, limits=limits, whole_limit=sooner)
    other = RentedSearch(chain, ANY, search.deadline, most_nodes=MOST_NODES)
    other.columns.measure(search.columns.unit)
    return other.fastest_within(search.held, search.left)


def _late(search: LateSearch, instance: Instance, limits: Floats, tolerance: float) -> Decision | None:
    """Look for a plan of a lower percentile, until there is none."""
    chain, best, decision = search.chain, None, search.decision()
    while decision is not None:
        seconds = evaluate(instance, decision).latency_ms(instance.latency_measure) / 1000
        sooner = seconds * (1 - tolerance) * (1 - SLACK) / chain.data.second
        lower = LateSearch(
            replace(chain, limits=limits, whole_limit=sooner), ANY, search.deadline, most_nodes=MOST_NODES
        )
        lower.unit = search.unit
        lower.run(search.held)
        decision = lower.decision()
        best = decision or best
    return best
