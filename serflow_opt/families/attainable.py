"""Which limits of a problem clash, whatever its family: the answers that `infeasibility/` asks for."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from serflow_opt.families.found import Found
from serflow_opt.families.protocol import Family, Quantity
from serflow_opt.families.witnessed import best_of
from serflow_opt.ground.tolerances import EQUAL
from serflow_opt.infeasibility.attainable import Attainable, TightestLimit
from serflow_opt.infeasibility.conflicts import Keys
from serflow_opt.infeasibility.explain import explained
from serflow_opt.plan.document import Clash
from serflow_opt.problem.limits import Limit
from serflow_opt.search.outcome import SearchSettings

ANY = 1.0
"""Gap of a search that only asks whether there is a decision."""


def clashes(family: Family, problem: Any, settings: SearchSettings) -> list[Clash]:
    """Explain a proven infeasibility: the smallest sets of limits that clash, and the least change of each.

    Parameters
    ----------
    family, problem
        A problem without a decision, and its family.
    settings
        Of each search; its deadline holds for all together.
    """
    return explained(Within(family, problem, settings))


class Within(Attainable):
    """Answers about a problem of a family without a decision."""

    def __init__(self, family: Family, problem: Any, settings: SearchSettings) -> None:
        given = family.ceilings(problem)
        self.family, self.given = family, given
        self.own = {q.key: q for q in family.quantities if q.name in given}
        super().__init__(problem, [_limit(q, given[q.name]) for q in self.own.values()], settings)

    def keeping(self, keys: Collection[str]) -> Any:
        """Return a copy of the problem without the limits that are not named."""
        return self.family.held(self.problem, {q.name: None for key, q in self.own.items() if key not in keys})

    def put(self, problem: Any, key: str, value: float | None) -> Any:
        """Return a copy of a problem with another value of a limit, in the unit shown; None: without it.

        Parameters
        ----------
        problem, key, value
            As `Attainable.put` takes them.
        """
        own = self.own[key]
        return self.family.held(problem, {own.name: None if value is None else own.less(value / own.shown)})

    def best_of(self, problem: Any, key: str, kept: Keys | None = None) -> TightestLimit | None:
        """Return the tightest value of a limit, None without a decision; what it says is noted for `kept`.

        Parameters
        ----------
        problem, key, kept
            As `Attainable.best_of` takes them.
        """
        own = self.own[key]
        found = best_of(self.family, self.put(problem, key, None), {own.name: 1.0}, self.settings)
        self._note(found, kept)
        if found.values is None:
            return None
        most = self.given[own.name]
        if kept is not None and found.bound > most + EQUAL * abs(most):
            self.known.tell(kept | {key}, False)
        return TightestLimit(own.less(found.value) * own.shown, found.proven(self.settings.gap))

    def ask(self, problem: Any, kept: Keys | None = None) -> bool | None:
        """Whether a problem has a decision; None: time ran out."""
        goal = {self.family.quantities[0].name: 1.0}
        found = best_of(self.family, problem, goal, replace(self.settings, gap=ANY))
        self._note(found, kept)
        return True if found.values is not None else False if found.infeasible else None

    def nothing(self) -> Clash:
        """Say that what always has to hold leaves no decision."""
        message = f"there is no decision even without limits: nothing keeps what a {self.family.kind} has to"
        return Clash(limit=self.family.kind, asked=0.0, best=None, message=message)

    def _note(self, found: Found, kept: Keys | None) -> None:
        """Take in what a search says of the limits."""
        if found.values is not None:
            broken = {breach.limit for breach in self.family.evaluate(self.problem, found.decision).breaches}
            self.known.tell(frozenset(self.keys) - broken, True)
        elif found.infeasible and kept is not None:
            self.known.tell(kept, False)


def _limit(own: Quantity, most: float) -> Limit:
    """A limit in words."""
    unit = f" {own.unit_shown}" if own.unit_shown else ""
    best = f"{'least' if own.sense == 'min' else 'most'} {own.word}{{}} is"
    return Limit(own.key, own.name, own.less(most) * own.shown, unit, own.word, best, None)
