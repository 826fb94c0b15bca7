"""The front of any objectives by one solve after the other, for instances whose parts do not add up stage by stage.

Rented machines, percentiles and thresholds between menu entries couple the stages in ways that labels of suffixes do
not hold. There boxes are searched (`search_region.py`): minimise the first objective within a box's bounds on the
others, then, with that held, the others, so that no weakly dominated plan comes out. A plan found splits the boxes; a
box without one is closed. Answers are kept by the bounds they were found under: the same plan answers every tighter
bounds that it keeps, and where nothing was found, nothing is within tighter bounds. So three objectives take about
three questions a plan.

Questions are independent: several processes can work on them, and a journal of the answers lets a search go on where
it ended.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, get_args

from serflow_opt import kernels
from serflow_opt.fronts.journal import BoxJournal
from serflow_opt.fronts.search_region import Point, SearchRegion, inside
from serflow_opt.ground.deadline import NEVER, Deadline
from serflow_opt.ground.stopping import workers
from serflow_opt.ground.tolerances import BOX_GAP, BOX_STEP, EQUAL, UNDER_BOUND
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.kinds import Objective
from serflow_opt.problem.limits import at_most, ceiling
from serflow_opt.search.best import search
from serflow_opt.search.outcome import SearchSettings
from serflow_opt.search.rented.question import taken


@dataclass(frozen=True, slots=True)
class LimitedOutcome:
    """What a search within limits found: a decision and its objectives, less is better, or neither.

    `value` is that of the goal; `proven` says that the decision is within `BOX_GAP` of the bound, and `scope` of what
    that is the proof, where it is narrower than the question.
    """

    decision: Any
    values: Mapping[str, float] | None
    value: float
    infeasible: bool
    proven: bool
    scope: str = ""


class Searched(Protocol):
    """A problem of any family that can be searched within limits on its objectives; processes are handed it."""

    @property
    def apart(self) -> Collection[str]:
        """Objectives that a goal of several leaves out; the best in them is looked for after the others are held."""

    def ceiling(self, name: str) -> float:
        """Return what an objective, less is better, may be at most; infinity without limit."""

    def best(self, goal: Mapping[str, float], ceilings: Mapping[str, float], deadline: Deadline) -> LimitedOutcome:
        """Search within further limits, less is better, to the relative gap `BOX_GAP`, on one thread.

        Parameters
        ----------
        goal
            What is minimised: coefficients of objectives, less is better; one alone as it is.
        ceilings
            By objective, less is better, in the units of its values; they take the place of the problem's own.
        deadline
            When to stop; what was found by then comes back.
        """


@dataclass(frozen=True, slots=True)
class OfInstance:
    """A placement instance."""

    instance: Instance

    @property
    def apart(self) -> Collection[str]:
        """The accuracy, and before it a worst case that is found by one search after the other."""
        return ("latency", "accuracy") if _steps_down(self.instance) else ("accuracy",)

    def ceiling(self, name: str) -> float:
        """Return what an objective may be at most."""
        objective: Objective = name  # type: ignore[assignment]  # one of its own
        return ceiling(self.instance, objective)

    def best(self, goal: Mapping[str, float], ceilings: Mapping[str, float], deadline: Deadline) -> LimitedOutcome:
        """Search within further limits.

        Parameters
        ----------
        goal, ceilings, deadline
            As `Searched.best` takes them, in USD, seconds, loss, J, and minus the accuracy.
        """
        limited = self.instance
        for name, most in ceilings.items():
            limited = at_most(limited, name, most)  # type: ignore[arg-type]
        if set(goal) == {"latency"} and _steps_down(limited):
            return _fastest(limited, goal["latency"], deadline)
        return _best(limited, goal, deadline)


def _best(limited: Instance, goal: Mapping[str, float], deadline: Deadline) -> LimitedOutcome:
    """Search an instance with all its limits."""
    found = search(limited, SearchSettings(gap=BOX_GAP, deadline=deadline, threads=1), goal)  # type: ignore[arg-type]
    values, metrics = None, found.metrics
    if metrics is not None:
        values = {name: metrics.objective(name, limited.latency_measure) for name in get_args(Objective)}
    return LimitedOutcome(found.decision, values, found.value, found.infeasible, found.proven(BOX_GAP))


def _steps_down(instance: Instance) -> bool:
    """Whether the least cost below a worst case is found much faster than the least worst case: by mixes."""
    return instance.latency_measure == "worst" and kernels.compiled and taken(instance, {"cost": 1.0})


def _fastest(limited: Instance, weight: float, deadline: Deadline) -> LimitedOutcome:
    """Find the least worst case: plans of least cost, each below the worst case of the last, until there is none."""
    best: LimitedOutcome | None = None
    while True:
        found = _best(limited, {"cost": 1.0}, deadline)
        if found.infeasible:
            return found if best is None else best
        if found.values is None:  # out of time
            return replace(found if best is None else best, proven=False)
        seconds = found.values["latency"]
        best = replace(found, value=weight * seconds, proven=True)
        limited = at_most(limited, "latency", seconds * (1 - BOX_GAP))


@dataclass(frozen=True, slots=True)
class BoxOutcome:
    """What is best within bounds: a plan and its objectives, or neither (`proven`), or nothing known in time."""

    bounds: Point
    decision: Any
    point: Point | None
    proven: bool
    solves: int
    scopes: frozenset[str] = frozenset()


@dataclass(slots=True)
class Solved:
    """Plans found, whether no box is open, searches made, the best value of each objective, and corners closed.

    `scopes` says of what searches were proofs, where that was narrower than the question.
    """

    decisions: list[Any] = field(default_factory=list)
    complete: bool = False
    solves: int = 0
    ideal: Point | None = None
    closed: list[Point] = field(default_factory=list)
    scopes: set[str] = field(default_factory=set)


def front_by_boxes(
    searched: Searched,
    names: Sequence[str],
    coverage: float = 0.0,
    deadline: Deadline = NEVER,
    jobs: int = 1,
    journal: BoxJournal | None = None,
    on_point: Callable[[int, int], None] | None = None,
) -> Solved:
    """Return the front of two or more objectives, the first of them none of those that are looked for apart.

    Parameters
    ----------
    searched
        The problem.
    coverage
        0: every point, as far as points differ by more than 1.2e-7. Above: a plan within this factor of each.
    deadline
        When to stop.
    jobs
        Processes that work on it; with one, everything happens here.
    journal
        Answers of an earlier search of the same front, and where to note new ones.
    on_point
        Called with the number of plans known and of boxes open.
    """
    search_ = _BoxSearch(searched, tuple(names), max(coverage, BOX_STEP), deadline, journal, on_point)
    if jobs <= 1:
        return search_.run(None, 1)
    # started anew, not forked: HiGHS keeps threads, which a fork would leave behind
    with workers(jobs, "spawn") as pool:
        return search_.run(pool, jobs)


class _BoxSearch:
    def __init__(
        self,
        searched: Searched,
        names: tuple[str, ...],
        step: float,
        deadline: Deadline,
        journal: BoxJournal | None,
        on_point: Callable[[int, int], None] | None,
    ) -> None:
        self.searched, self.names, self.deadline, self.journal = searched, names, deadline, journal
        self.on_point = on_point
        self.zones = SearchRegion(len(names), step)
        self.solved = Solved()
        self.answers = [BoxOutcome(b, d, z, True, 0) for b, d, z in journal.answers] if journal else []
        self.failed: set[Point] = set()
        self.ideal: list[float] = [-math.inf] * len(names)
        self.waiting: dict[Future[BoxOutcome], Point] = {}

    def run(self, pool: Executor | None, jobs: int) -> Solved:
        """Find the ends of the front, then work on open boxes until none is left or time is over."""
        self._find_ends(pool)
        while True:
            self._settle()
            free = [u for u in self._in_order() if self._bounds(u) not in self.failed]
            free = [u for u in free if self._bounds(u) not in self.waiting.values()]
            if self.deadline.expired or not (free or self.waiting):
                break
            if pool is None:
                self._take(_ask(self.searched, self.names, self._bounds(free[0]), self.deadline))
                continue
            for corner in free[: jobs - len(self.waiting)]:
                bounds = self._bounds(corner)
                self.waiting[pool.submit(_ask, self.searched, self.names, bounds, self.deadline)] = bounds
            done, _ = wait(self.waiting, self.deadline.left_or_none, FIRST_COMPLETED)
            for future in done:
                del self.waiting[future]
                self._take(future.result())
        for future in self.waiting:
            future.cancel()
        self.solved.complete = not self.zones.open
        self.solved.closed = self.zones.closed
        if all(map(math.isfinite, self.ideal)):
            self.solved.ideal = tuple(self.ideal)
        return self.solved

    def _find_ends(self, pool: Executor | None) -> None:
        """Find the plans that are best in each objective: boxes beneath these values are empty."""
        orders = [(name, *(other for other in self.names if other != name)) for name in self.names]
        free = (math.inf,) * (len(self.names) - 1)
        known = self._known(free)
        ask = [(self.searched, order, free, self.deadline) for order in orders[1 if known else 0 :]]
        ends = list(pool.map(_ask, *zip(*ask, strict=True)) if pool is not None else (_ask(*one) for one in ask))
        if known is None:
            self._take(ends[0])
        else:
            ends.insert(0, replace(known, solves=0))
        self.solved.solves += sum(end.solves for end in ends[1:])
        self.solved.scopes.update(*(end.scopes for end in ends[1:]))
        for i, (order, end) in enumerate(zip(orders, ends, strict=True)):
            if end.point is None:
                self.ideal[i] = math.inf if end.proven else -math.inf
                continue
            self.ideal[i] = end.point[0] - 2 * BOX_GAP * abs(end.point[0])
            values = dict(zip(order, end.point, strict=True))
            self._note(replace(end, point=tuple(values[name] for name in self.names)))

    def _settle(self) -> None:
        """Close and split boxes as far as what is known answers them."""
        changed = True
        while changed:
            changed = False
            for corner in list(self.zones.open):
                answer = self._known(self._bounds(corner))
                below = any(u <= low for u, low in zip(corner, self.ideal, strict=True))
                if below or (answer is not None and answer.point is None):
                    self.zones.close(corner)
                elif answer is not None and answer.point is not None:
                    if inside(self.zones.covered(answer.point), corner):
                        self._note(answer)
                        changed = True
                        break
                    self.zones.close(corner)

    def _in_order(self) -> list[Point]:
        """Open corners, the widest bounds on all but the first objective first: their answers answer most others."""
        return sorted(self.zones.open, key=lambda u: u[1:], reverse=True)

    def _bounds(self, corner: Point) -> Point:
        """Return the corner without its first coordinate, within the instance's own limits."""
        own = [self.searched.ceiling(name) for name in self.names[1:]]
        return tuple(min(value, most) for value, most in zip(corner[1:], own, strict=True))

    def _known(self, bounds: Point) -> BoxOutcome | None:
        """Return an answer to these or wider bounds that answers these."""
        for answer in self.answers:
            wider = all(a <= b for a, b in zip(bounds, answer.bounds, strict=True))
            point = answer.point
            if wider and (
                point is None or all(z <= b + UNDER_BOUND * abs(b) for z, b in zip(point[1:], bounds, strict=True))
            ):
                return answer
        return None

    def _take(self, answer: BoxOutcome) -> None:
        self.solved.solves += answer.solves
        self.solved.scopes |= answer.scopes
        if not answer.proven:
            self.failed.add(answer.bounds)
            return
        self.answers.append(answer)
        if self.journal is not None:
            self.journal.add(answer.bounds, answer.decision, answer.point)

    def _note(self, answer: BoxOutcome) -> None:
        """Take a plan into the front."""
        assert answer.decision is not None
        assert answer.point is not None
        if answer.decision not in self.solved.decisions:
            self.solved.decisions.append(answer.decision)
        self.zones.add(answer.point)
        if self.on_point is not None:
            self.on_point(len(self.solved.decisions), len(self.zones.open))


def _ask(searched: Searched, names: tuple[str, ...], bounds: Point, deadline: Deadline) -> BoxOutcome:
    """Find what is best in the first objective within bounds on the others, and of that what no other plan beats."""
    ceilings = {name: bound for name, bound in zip(names[1:], bounds, strict=True) if math.isfinite(bound)}
    found = searched.best({names[0]: 1.0}, ceilings, deadline)
    if found.infeasible:
        return BoxOutcome(bounds, None, None, True, 1)
    solves = 1
    decision, values = found.decision, found.values
    if values is None or not found.proven:
        return BoxOutcome(bounds, None, None, False, solves)
    scopes = {found.scope} - {""}
    ceilings[names[0]] = found.value + EQUAL * abs(found.value)
    apart = [name for name in searched.apart if name in names[1:]]
    for others in ([name for name in names[1:] if name not in apart], *([name] for name in apart)):
        if not others:
            continue
        goal = {name: 1 / (abs(values[name]) or 1.0) for name in others}
        found = searched.best(goal, ceilings, deadline)
        solves += 1
        scopes |= {found.scope} - {""}
        if found.values is None and not found.infeasible:
            return BoxOutcome(bounds, None, None, False, solves)
        if found.values is not None:  # else what is held is met by the plan known alone, to within rounding
            if not found.proven:
                return BoxOutcome(bounds, None, None, False, solves)
            decision, values = found.decision, found.values
        for name in others:
            ceilings[name] = values[name] + EQUAL * abs(values[name])
    return BoxOutcome(bounds, decision, tuple(values[name] for name in names), True, solves, frozenset(scopes))
