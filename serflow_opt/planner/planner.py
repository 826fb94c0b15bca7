"""A planner for use inside a running service: what does not change between questions is computed once."""

from __future__ import annotations

import copy
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt import kernels
from serflow_opt.errors import InputError, Problem, nearest
from serflow_opt.formulations.coefficients import Data
from serflow_opt.formulations.reductions import ending_matters
from serflow_opt.ground.arguments import Arguments, as_number, shown
from serflow_opt.ground.arrays import Floats
from serflow_opt.ground.deadline import GRACE_S, Deadline
from serflow_opt.ground.tolerances import PLANNER_GAP, SLACK
from serflow_opt.plan.decision import Decision
from serflow_opt.plan.document import Plan
from serflow_opt.plan.evaluator import evaluate
from serflow_opt.plan.names import decision_of
from serflow_opt.problem.given import Named, instance_of
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.limits import shown_unit
from serflow_opt.search.best import mixed, swept
from serflow_opt.search.combinatorial import ChainSearch
from serflow_opt.search.goal import Goal
from serflow_opt.search.layered import Chain, covered
from serflow_opt.search.outcome import SearchOutcome, SearchSettings
from serflow_opt.search.placements import Paths
from serflow_opt.search.rented.groups import KnownPlans, beginning_with
from serflow_opt.search.rented.question import taken
from serflow_opt.search.rented.search import RentedSearch
from serflow_opt.solving import answer, plan_of

if TYPE_CHECKING:
    from serflow_opt.planner.policy import Policy

REMEMBERED = 1024
"""Answers kept."""
KNOWN = 8
"""Plans kept for deadlines that leave no time to search."""
VALUING = 0.25
"""Share of the time there is that may be spent on valuing them, behind the first."""
CLOSED = 3
"""Times that a known plan is told to see how long that takes."""
LOOSER = (0.7, 0.85, 1.2, 1.5, 2.0)
"""Latency bounds, times the instance's own, whose best placements the planner begins with."""

FASTER = (1.0, 0.5, 2.0)
"""Rates, times the instance's own, whose best placements a planner of rented machines begins with."""
WARMING = 20_000
"""Nodes looked at for each of them, at most."""


class Planner:
    """Answers what the best plan is at another rate, bound, floor or price.

    Instances that labels cover, or mixes without a percentile (`method` of `solve`), are answered in milliseconds:
    sets, coefficients and the best placements at looser and tighter bounds, and at other rates where machines are
    rented, are computed when the planner is made. Others are solved anew. An answer depends on the question alone, not
    on earlier ones; the same question again is answered from memory. Any number of threads may ask.

    Parameters
    ----------
    instance
        The problem, or what `load` takes.
    gap
        Relative distance between plan and bound at which a plan counts as optimal.

    Raises
    ------
    InputError
        For a negative gap.
    """

    def __init__(self, instance: Named, *, gap: float = PLANNER_GAP) -> None:
        with Arguments() as given:
            gap = given.number("gap", gap)
        instance = instance_of(instance)
        self.instance, self.gap = instance, gap
        self._answers: OrderedDict[tuple[object, ...], Plan] = OrderedDict()
        self._lock = Lock()
        self._known: OrderedDict[Decision, None] = OrderedDict()
        self._chain: Chain | None = None
        self._pool: Paths | None = None
        self._held: Floats | None = None
        self._plans: KnownPlans | None = None
        self._goal: Goal = {} if instance.minimize == "weighted" else {instance.minimize: 1.0}
        began = time.monotonic()
        data = Data(instance)
        self._setup_s = time.monotonic() - began
        """What a search takes before it can look at the clock, where nothing is warm."""
        self._by_mixes = False
        asked = bool(self._goal) and not instance.then and data.connected
        if asked and covered(instance, self._goal):
            self._chain = Chain.of(data, self._goal)
            self._warm(self._chain)
        elif asked and _mixes_take(instance, self._goal):
            self._chain, self._by_mixes = Chain.of(data, self._goal), True
            self._warm_rented(self._chain)
        elif instance.minimize == "cost" and instance.accounting == "reserved" and data.connected:
            fractional = replace(instance, accounting="per-request")  # machines by use: not far from the best
            if covered(fractional, self._goal):
                self._near(Chain.of(Data(fractional), self._goal))
        self._closing_s = self._time_closing()
        """What an answer takes when its search has ended, which has to be over that much before the deadline."""

    def _time_closing(self) -> float:
        """Return the least seconds in which a plan that is known is valued and told."""
        took = []
        for plan in [*self._known][:1] * CLOSED if self._goal else []:
            began, found = time.monotonic(), SearchOutcome()
            metrics = evaluate(self.instance, plan)
            found.offer(plan, metrics, metrics.blended(self._goal, self.instance.latency_measure))
            plan_of(self.instance, found, SearchSettings(self.gap, Deadline(None)), self._goal)
            took.append(time.monotonic() - began)
        return min(took, default=0.0)

    def _warm(self, chain: Chain) -> None:
        """Collect the placements that are best at some bound near the instance's own."""
        runs = self._near(chain)
        found = [run.best[0].paths for run in runs if run.best is not None]
        if runs:
            self._held = runs[0].held
        if found:
            self._pool = Paths.of(found)

    def _warm_rented(self, chain: Chain) -> None:
        """Collect the placements that are best at some bound or rate near the instance's own, and note the plans."""
        rate = self.instance.rate_per_s or 1.0
        asked = [(rate * faster, chain.whole_limit * looser) for faster in FASTER for looser in (1.0, *LOOSER)]
        runs, plans = [], KnownPlans()
        for per_s, whole_limit in asked if np.isfinite(chain.whole_limit) else [(rate * f, np.inf) for f in FASTER]:
            data = copy.copy(chain.data)
            data.instance = replace(self.instance, rate_per_s=per_s)
            here = replace(chain, data=data, whole_limit=whole_limit)
            run = RentedSearch(here, max(self.gap, 1e-3), most_nodes=WARMING)
            run.met = plans
            if run.run() and run.best is not None:
                runs.append(run)
        self._known.update((plan, None) for run in reversed(runs) if (plan := run.decision()) is not None)
        self._plans, plans.begun = plans, (runs[0].held, runs[0].value) if runs else None
        self._chain = beginning_with(chain, plans, often=True)
        found = [run.best[0].paths for run in runs if run.best is not None]
        if found:
            self._pool = Paths.of(found)

    def _near(self, chain: Chain) -> list[ChainSearch]:
        """Search at bounds near the instance's own, and note the best plans, the fastest of all among them."""
        bounds = [chain.whole_limit * factor for factor in (1.0, *LOOSER)] if np.isfinite(chain.whole_limit) else []
        runs = []
        for whole_limit in [*bounds, np.inf]:
            run = ChainSearch(replace(chain, whole_limit=whole_limit), max(self.gap, 1e-3))
            if run.run() and run.best is not None:
                runs.append(run)
        plans = [run.decision() for run in runs]
        last = ChainSearch(chain, self.gap)
        if not (last.limited[:-1].any() or last.tight):
            quickest = last.fastest()
            plans.append(None if quickest is None else quickest[0])
        self._known.update((plan, None) for plan in plans if plan is not None)
        return runs

    def plan(
        self,
        *,
        rate_per_s: float | None = None,
        latency_slo_ms: float | None = None,
        accuracy_min: float | None = None,
        prices: Mapping[str, float] | None = None,
        deadline_ms: float | None = None,
        explain: bool = True,
    ) -> Plan:
        """Return the best plan.

        Parameters
        ----------
        rate_per_s, latency_slo_ms, accuracy_min
            In place of the instance's; None: as they are.
        prices
            By name of an option: USD for an hour of a machine, or for an hour a function is busy.
        deadline_ms
            Milliseconds to answer in: the best plan known by then comes back with its gap; None: none.
        explain
            Whether to say which limits clash where there is no plan; that takes further solves.

        Raises
        ------
        InputError
            For unknown options, a negative deadline, and values that do not go together.
        """
        with Arguments() as given:
            limit = given.limit("deadline_ms", deadline_ms)
            if latency_slo_ms is not None and math.isnan(as_number(latency_slo_ms)):
                given.number("latency_slo_ms", latency_slo_ms, above=True)
        deadline = Deadline(None if limit is None else limit / 1000)
        question = (rate_per_s, latency_slo_ms, accuracy_min, tuple(sorted((prices or {}).items())), explain)
        with self._lock:
            known = self._answers.get(question)
            if known is not None:
                self._answers.move_to_end(question)
                return known
        instance = self._changed(rate_per_s, latency_slo_ms, accuracy_min, prices or {})
        incumbent = self._best_known(instance, deadline) if deadline.limited else None
        plan = self._within(instance, deadline, incumbent, priced=bool(prices), explain=explain)
        self._remember(instance, plan)
        if plan.status in ("optimal", "infeasible"):  # what a deadline cut short may be better next time
            with self._lock:
                self._answers[question] = plan
                if len(self._answers) > REMEMBERED:
                    self._answers.popitem(last=False)
        return plan

    def policy(
        self,
        *,
        rate_per_s: tuple[float, float] | None = None,
        latency_slo_ms: tuple[float, float] | None = None,
        tolerance: float = 0.01,
        time_limit: float | None = None,
        jobs: int = 1,
        on_progress: Callable[[int, float], None] | None = None,
    ) -> Policy:
        """Return the best plan for every rate, or every latency bound, of a range; see `mapping.map_policy`.

        Parameters
        ----------
        rate_per_s, latency_slo_ms
            The range, from the smaller to the larger, of the one that varies; None for the other.
        tolerance
            What a plan may miss within its piece, relative.
        time_limit
            Seconds; at the limit the map is returned with the gaps it has. None: none.
        jobs
            Processes.
        on_progress
            Called with the solves done (or types of machines) and the share of the range that is settled.

        Raises
        ------
        InputError
            Where not exactly one range of positive numbers is given, or the instance asks for what goes with none.
        """
        from serflow_opt.planner.mapping import map_policy

        return map_policy(
            self,
            rate_per_s=rate_per_s,
            latency_slo_ms=latency_slo_ms,
            tolerance=tolerance,
            time_limit=time_limit,
            jobs=jobs,
            on_progress=on_progress,
        )

    def __getstate__(self) -> dict[str, object]:
        """Travel without what only this process can use; copies have a memory of their own."""
        with self._lock:
            return {key: value for key, value in self.__dict__.items() if key != "_lock"} | {
                "_answers": self._answers.copy()
            }

    def __setstate__(self, state: dict[str, object]) -> None:
        """Arrive."""
        self.__dict__.update(state)
        self._lock = Lock()

    def _changed(
        self, rate: float | None, slo_ms: float | None, accuracy: float | None, prices: Mapping[str, float]
    ) -> Instance:
        changes: dict[str, object] = {
            "rate_per_s": rate,
            "latency_slo_ms": slo_ms,
            "accuracy_min": accuracy,
        }
        changes = {key: value for key, value in changes.items() if value is not None}
        names = [option.name for option in self.instance.options]
        problems = []
        for name, price in prices.items():
            if name not in names:
                problems.append(Problem("", f"prices['{name}']", "no such option", nearest(name, names)))
            elif not 0 <= as_number(price) < math.inf:
                problems.append(Problem("", f"prices['{name}']", shown(price), "write USD per hour, at least 0"))
        if problems:
            raise InputError(problems)
        if prices:
            changes["options"] = tuple(
                replace(option, usd_per_s=prices[option.name] / 3600 / option.workers)
                if option.name in prices
                else option
                for option in self.instance.options
            )
        return self.instance.with_limits(**changes) if changes else self.instance

    def _best_known(self, instance: Instance, deadline: Deadline) -> SearchOutcome | None:
        """Value the plans known, as many as a share of the time allows; return the best one that keeps the limits."""
        if not self._goal:
            return None
        with self._lock:
            decisions = list(self._known)
        found, least = SearchOutcome(), (1 - VALUING) * deadline.left
        for decision in reversed(decisions):
            if found.decision is not None and deadline.left < least:
                break
            metrics = evaluate(instance, decision)
            found.offer(decision, metrics, metrics.blended(self._goal, instance.latency_measure))
        return found if found.decision is not None else None

    def _within(
        self, instance: Instance, deadline: Deadline, known: SearchOutcome | None, *, priced: bool, explain: bool
    ) -> Plan:
        """Answer within a deadline: by a search, by the best plan known, or by that with what a search proves."""
        if known is not None:
            deadline = deadline.later(-self._closing_s)
        settings = SearchSettings(self.gap, deadline, grace_s=GRACE_S if known is None else 0.0)
        late = deadline.expired or (self._chain is None and deadline.left < self._setup_s)
        if known is None or not late:
            plan = self._answer(instance, settings, priced=priced, explain=explain)
            if known is None or plan.status in ("optimal", "infeasible"):
                return plan
            shown, _ = shown_unit(instance.minimize)
            if plan.objective.value is not None and plan.objective.value <= known.value * shown:
                return plan
            checked = plan.certificate.checked_bound
            known.bound = -math.inf if plan.bound is None else plan.bound / shown
            known.checked = -math.inf if checked is None else checked / shown
        plan = plan_of(instance, known, settings, self._goal)
        plan.certificate.method = (
            "best of the plans of earlier answers, valued by the exact evaluator: no time to search"
        )
        return plan

    def _remember(self, instance: Instance, plan: Plan) -> None:
        """Keep the plan of an answer for deadlines to come."""
        if plan.plan is None or instance.families:  # sizes from ranges are no options of the instance
            return
        decision = decision_of(instance, plan.plan)
        with self._lock:
            self._known[decision] = None
            self._known.move_to_end(decision)
            if len(self._known) > KNOWN:
                self._known.popitem(last=False)

    def _answer(self, instance: Instance, settings: SearchSettings, *, priced: bool, explain: bool) -> Plan:
        if self._chain is None:
            return answer(instance, settings, batches=False)  # its maps know none
        goal, chain = self._goal, self._changed_chain(self._chain, instance, priced=priced)
        if self._by_mixes:
            found = mixed(instance, chain, settings, goal, self._pool)
        else:
            held = self._held if chain.columns == self._chain.columns else None  # a new limit has no multiplier yet
            found = swept(instance, chain, settings, goal, self._pool, held)
        if found is None or (found.infeasible and explain) or (found.decision is None and not found.infeasible):
            return answer(instance, settings, batches=False)  # its maps know none
        return plan_of(instance, found, settings, goal)

    def _changed_chain(self, chain: Chain, instance: Instance, *, priced: bool) -> Chain:
        """Return the arrays of a changed instance; those that do not depend on what has changed are kept."""
        goal, data = self._goal, copy.copy(chain.data)
        data.instance = instance
        lower = instance.accuracy_min != self.instance.accuracy_min and ending_matters(instance)
        if lower and not data.all_ends().keys() <= data.ends.keys():  # plans may end where none could
            return Chain.of(Data(instance), goal)
        if priced:
            chain = Chain.of(data, goal)
            chain = chain if self._plans is None else beginning_with(chain, self._plans)
        limits = chain.limits.copy()
        limits[-1] = np.inf if instance.accuracy_min is None else -instance.accuracy_min * (1 - SLACK)
        whole_limit = chain.whole_limit
        if instance.latency_slo_s is not None and instance.latency_measure == "worst":
            whole_limit = instance.latency_slo_s * (1 + SLACK) / data.second
        elif instance.latency_slo_s != self.instance.latency_slo_s:  # another column, or another limit of it
            chain = Chain.of(data, goal)
            limits = chain.limits
        return replace(chain, data=data, limits=limits, whole_limit=whole_limit)


def _mixes_take(instance: Instance, goal: Goal) -> bool:
    """Whether the search by mixes answers questions about an instance: machines rented whole, no percentile."""
    return kernels.compiled and instance.quantile is None and taken(instance, goal)
