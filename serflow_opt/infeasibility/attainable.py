"""The best value of each limit while others hold: proven, remembered, and what its plan says of further limits."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Any

from serflow_opt.ground.tolerances import EQUAL
from serflow_opt.infeasibility.conflicts import Keys, KnownSets
from serflow_opt.infeasibility.placement import no_placement
from serflow_opt.plan.document import Clash
from serflow_opt.plan.evaluator import evaluate
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.kinds import Objective
from serflow_opt.problem.limits import ABOVE, Limit, ceiling, keeping, limits_set, put
from serflow_opt.search.best import search
from serflow_opt.search.outcome import SearchOutcome, SearchSettings


@dataclass(frozen=True, slots=True)
class TightestLimit:
    """The tightest value that a limit can have, in the unit shown; None: no value, the limit has to go.

    Attributes
    ----------
    proven
        Whether no tighter value can be kept.
    """

    value: float | None
    proven: bool


class Attainable(ABC):
    """Answers about a problem without a plan, whatever its family; the deadline of the settings holds for all."""

    def __init__(self, problem: Any, limits: list[Limit], settings: SearchSettings) -> None:
        self.problem = problem
        self.settings = replace(settings, on_progress=None)
        self.limits = limits
        self.keys = [limit.key for limit in self.limits]
        self.known = KnownSets(clashing=[frozenset(self.keys)])
        self._best: dict[tuple[Keys, str], TightestLimit | None] = {}

    @abstractmethod
    def keeping(self, keys: Collection[str]) -> Any:
        """Return a copy of the problem without the limits that are not named."""

    @abstractmethod
    def put(self, problem: Any, key: str, value: float | None) -> Any:
        """Return a copy of a problem with another value of a limit, in the unit shown; None: without it.

        Parameters
        ----------
        problem, key, value
            A problem with or without the limit, the limit's key in files, and what it shall ask for.
        """

    @abstractmethod
    def best_of(self, problem: Any, key: str, kept: Keys | None = None) -> TightestLimit | None:
        """Return the tightest value of a limit, None without a plan; what it says is noted for `kept`.

        Parameters
        ----------
        problem
            With the other limits that are kept.
        key
            Of the limit; the value it has in `problem` does not matter.
        kept
            The limits that `problem` keeps as they were asked for; None: others, so that a clash is not noted.
        """

    @abstractmethod
    def ask(self, problem: Any, kept: Keys | None = None) -> bool | None:
        """Whether a problem has a plan; None: time ran out."""

    @abstractmethod
    def nothing(self) -> Clash:
        """Say why there is no plan even without limits."""

    def limit(self, key: str) -> Limit:
        """Return a limit by its key."""
        return self.limits[self.keys.index(key)]

    def can_be_kept(self, keys: Keys) -> bool | None:
        """Whether some plan keeps these limits; None: time ran out."""
        known = self.known.can_be_kept(keys)
        for key in () if known is not None else sorted(keys, key=self.keys.index):
            if self.limit(key).objective is not None:
                self.best(keys - {key}, key)  # its value is wanted if they clash, and tells if they do not
                known = self.known.can_be_kept(keys)
                break
        if known is None:
            known = self.ask(self.keeping(keys))
            if known is False:
                self.known.tell(keys, False)
        return known

    def best(self, kept: Collection[str], key: str) -> TightestLimit | None:
        """Return the tightest value of a limit while some others are kept; None: they clash, or time ran out."""
        kept = frozenset(kept) - {key}
        if self.known.can_be_kept(kept) is False:
            return None
        if (kept, key) not in self._best:
            self._best[kept, key] = self.best_of(self.keeping(kept), key, kept)
        return self._best[kept, key]


class Reach(Attainable):
    """Answers about a placement instance without a plan."""

    def __init__(self, instance: Instance, settings: SearchSettings) -> None:
        super().__init__(instance, limits_set(instance), settings)
        self.instance = instance

    def keeping(self, keys: Collection[str]) -> Instance:
        """Return a copy of the instance without the limits that are not named."""
        return keeping(self.instance, keys)

    def put(self, problem: Instance, key: str, value: float | None) -> Instance:
        """Return a copy of an instance with another value of a limit, in the unit shown; None: without it.

        Parameters
        ----------
        problem, key, value
            As `Attainable.put` takes them.
        """
        return put(problem, key, None if value is None else value / ABOVE.get(key, 1.0))

    def nothing(self) -> Clash:
        """Say why there is no placement even without limits."""
        return no_placement(keeping(self.instance, ()), self.settings)

    def best_of(self, problem: Instance, key: str, kept: Keys | None = None) -> TightestLimit | None:
        """Return the tightest value of a limit, None without a plan; what it says is noted for `kept`.

        Parameters
        ----------
        problem, key, kept
            As `Attainable.best_of` takes them.
        """
        limit = self.limit(key)
        free = put(problem, key, None)
        if limit.objective is None:
            return self._best_way(free, limit, kept)
        objective: Objective = limit.objective  # type: ignore[assignment]  # those of placements
        found = search(free, self.settings, {objective: 1.0})
        self._note(found, kept)
        if found.decision is None:
            return None
        highest = ceiling(self.instance, objective)
        if kept is not None and found.bound > highest + EQUAL * abs(highest):
            self.known.tell(kept | {key}, False)
        value = abs(found.value) if limit.objective == "accuracy" else found.value
        proven = found.proven(self.settings.gap) and not self.instance.families
        return TightestLimit(value * ABOVE.get(key, 1.0), proven)

    def _best_way(self, free: Instance, limit: Limit, kept: Keys | None) -> TightestLimit | None:
        """Return the tightest value of a limit on single hand-overs: one of those that the ways are known to have."""
        if not self.ask(free, kept):
            return None
        ways = [way for ways in self.instance.ways for way in ways]
        values = {way.mse if limit.floor else way.cross_entropy for way in ways}
        looser = sorted(v for v in values if v is not None and (v < limit.asked if limit.floor else v > limit.asked))
        if limit.floor:
            looser.reverse()
        unknown = False

        def holds(value: float) -> bool:
            nonlocal unknown
            answer = self.ask(put(free, limit.key, value or -1.0))  # an error of 0 is known, unlike none at all
            unknown |= answer is None
            return bool(answer)

        asked = kept is not None and self.known.can_be_kept(kept | {limit.key})
        value = limit.asked if asked else first(looser, holds)
        return TightestLimit(value, not unknown and not self.instance.families)

    def ask(self, problem: Instance, kept: Keys | None = None) -> bool | None:
        """Whether an instance has a plan; None: time ran out."""
        goal = "latency" if problem.quantile is None else "cost"
        found = search(problem, self.settings, {goal: 1.0})  # type: ignore[dict-item]
        self._note(found, kept)
        return True if found.decision is not None else False if found.infeasible else None

    def _note(self, found: SearchOutcome, kept: Keys | None) -> None:
        """Take in what a search says of the limits."""
        if found.decision is not None:
            broken = {breach.limit for breach in evaluate(self.instance, found.decision).breaches}
            self.known.tell(frozenset(self.keys) - broken, True)
        elif found.infeasible and kept is not None:
            self.known.tell(kept, False)


def first(values: list[float], holds: Callable[[float], bool]) -> float | None:
    """Return the first value that holds, where all after one that holds do too."""
    low, high = 0, len(values)
    while low < high:
        middle = (low + high) // 2
        if holds(values[middle]):
            high = middle
        else:
            low = middle + 1
    return values[low] if low < len(values) else None
