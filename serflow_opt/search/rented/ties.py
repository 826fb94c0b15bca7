"""Plans as good as the best one where machines are rented whole, and faster."""

from __future__ import annotations

from dataclasses import replace

from serflow_opt.plan.decision import Decision
from serflow_opt.search.rented.search import RentedSearch

MOST_NODES = 20_000
"""Nodes looked at, at most: equally good plans are looked for as long as that takes few."""
ANY = 1.0
"""Gap at which the first plan is taken."""


def equally_good(search: RentedSearch, tolerance: float) -> Decision | None:
    """Return the fastest plan as good as the best one, where there is a faster one.

    Parameters
    ----------
    search
        One that has ended.
    tolerance
        Relative difference that counts as equal.
    """
    if search.best is None:
        return None
    chain, (those, _) = search.chain, search.best
    limits = chain.limits.copy()
    limits[0] = search.value + tolerance * abs(search.value)
    sooner = min(chain.whole_limit, float(those.whole[0]) * (1 - tolerance))
    other = RentedSearch(replace(chain, limits=limits, whole_limit=sooner), ANY, search.deadline)
    other.columns.measure(search.columns.unit)
    return other.fastest_within(search.held, MOST_NODES)
