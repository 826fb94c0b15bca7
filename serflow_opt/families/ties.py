"""Of equally good decisions of any family the best in further quantities, in turn; as for placements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from serflow_opt.families.found import Found
from serflow_opt.families.protocol import Family
from serflow_opt.families.registry import quantity
from serflow_opt.families.witnessed import best_of
from serflow_opt.ground.gaps import relative_gap
from serflow_opt.ground.tolerances import EQUAL
from serflow_opt.search.outcome import SearchSettings


def order_of(family: Family, problem: Any, name: str) -> Sequence[str]:
    """Return what equally good decisions are judged by, in turn; by default the first quantity of the others.

    Parameters
    ----------
    family, problem
        What is solved.
    name
        The quantity that is optimised.
    """
    asked: Sequence[str] = getattr(problem, "then", ())
    return asked or [own.name for own in family.quantities if own.name != name][:1]


def break_ties(family: Family, problem: Any, name: str, found: Found, settings: SearchSettings) -> None:
    """Take the best of equally good decisions, if the one found is proven: each quantity is held in its turn.

    Parameters
    ----------
    family, problem, name
        What was solved, and the quantity that was optimised.
    found
        It takes the other decision.
    settings
        Of the search; its deadline holds for these searches, too.
    """
    quiet, first = replace(settings, on_progress=None), quantity(family, name)
    proven, value = found.proven(settings.gap), found.value
    for other in order_of(family, problem, name):
        if not proven or found.values is None or settings.deadline.expired or other == name:
            return
        own = quantity(family, other)
        problem = family.held(problem, {name: value + EQUAL * abs(value)})
        second = best_of(family, problem, {other: 1.0}, quiet)
        found.nodes += second.nodes
        proven = second.proven(settings.gap)
        if second.values is not None:
            exact = first.less(second.values[first.name])
            as_good = relative_gap(exact, found.bound) <= max(settings.gap, EQUAL)
            if as_good and own.less(second.values[other]) < own.less(found.values[other]):
                found.decision, found.values, found.violation = second.decision, second.values, second.violation
                found.value = exact
        name, value = other, own.less(found.values[other])
