"""The pay-off table: each objective at its best, the others as good as that leaves them.

Row i is the lexicographic optimum with objective i first: a plan nothing beats, so that no row overstates what the
others must give up. The best of a column is its ideal value, the worst its nadir value; weights of objectives in
different units are meant on the scale between the two (survey 2.2 (1)).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from serflow_opt.plan.document import Metrics
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.kinds import Objective
from serflow_opt.problem.limits import at_most
from serflow_opt.search.best import search
from serflow_opt.search.goal import Goal
from serflow_opt.search.outcome import SearchSettings

Row = dict[Objective, float]


class NoPayoff(Exception):
    """Some row was not proven, for a reason, or there is no plan at all (`infeasible`)."""

    def __init__(self, infeasible: bool, reason: str) -> None:
        super().__init__(reason)
        self.infeasible, self.reason = infeasible, reason


def lexicographic(instance: Instance, order: Sequence[Objective], settings: SearchSettings) -> Metrics:
    """Return the metrics of the plan that is best in the first objective, of these in the second, and so on.

    Parameters
    ----------
    instance
        Its limits hold throughout; what it minimises does not matter.
    order
        The most important objective first.
    settings
        Of each search; they have to prove its optimum within their gap.

    Raises
    ------
    NoPayoff
        When there is none, or it was not proven.
    """
    limited, metrics = instance, None
    for name in order:
        found = search(limited, settings, {name: 1.0})
        if found.metrics is None or not found.proven(settings.gap):
            if metrics is not None:  # the limit of the last round is met by the plan of the last round
                break
            reason = found.doubt or f"time ran out before the best {name}, which weights are measured by, was proven"
            raise NoPayoff(found.infeasible, "" if found.infeasible else reason)
        metrics = found.metrics
        limited = at_most(limited, name, found.value)
    assert metrics is not None
    return metrics


def payoff_table(instance: Instance, names: Sequence[Objective], settings: SearchSettings) -> list[Row]:
    """Return a row for each objective: what all are when that one is best.

    Parameters
    ----------
    instance, settings
        Of `lexicographic`.
    names
        The objectives: the rows, and the columns of each.

    Raises
    ------
    NoPayoff
        When there is no plan, or a row was not proven in time.
    """
    settings = replace(settings, on_progress=None)
    rows = []
    for first in names:
        order = [first, *(name for name in names if name != first)]
        metrics = lexicographic(instance, order, settings)
        rows.append({name: metrics.objective(name, instance.latency_measure) for name in names})
    return rows


def ideal_and_nadir(rows: Sequence[Row]) -> tuple[Goal, Goal]:
    """Return the best and the worst of each column."""
    names = list(rows[0])
    return {n: min(row[n] for row in rows) for n in names}, {n: max(row[n] for row in rows) for n in names}
