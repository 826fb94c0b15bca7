"""The best plan where things may turn out otherwise: single cases bound it, a model of several cases proves it.

1. Each case alone is a plain instance, which labels and bounds solve in milliseconds. No plan is better over all cases
   than the best in one of them, and what is best in one is a candidate for all: valued by the adversary, whose worst
   case is the next to solve. Often a candidate is no worse over all cases than the best of a single one: proven.
2. Else the model of the cases so far (`formulations/uncertainty.py`) says what no plan is better than. Its plan is
   valued by the adversary: within the gap, it is proven; else the cases that are worst for it join the model. There are
   finitely many cases, so that this ends. (Bertsimas, Dunning and Lubin, *Computational Management Science* 13, 2016,
   compare such cutting planes with reformulations.)
3. With `method="milp"` and sums that deviate by themselves, one model has the duals of all that the adversary may do in
   their place (`formulations/budget.py`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from serflow_opt.formulations.coefficients import Data
from serflow_opt.formulations.model import BuiltPlacement
from serflow_opt.ground.deadline import OutOfTime
from serflow_opt.ground.tolerances import EQUAL, MODEL_ERROR
from serflow_opt.plan.adversary import CaseValue, RobustValue, mean_of_worst, value_robustly
from serflow_opt.plan.decision import Decision
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.kinds import Objective
from serflow_opt.problem.stress import deviated
from serflow_opt.problem.uncertainty import UncertainCase, Uncertainty
from serflow_opt.search.best import search
from serflow_opt.search.outcome import OUT_OF_TIME, SearchSettings
from serflow_opt.search.robust.rowwise import RowwiseSearch, covers

ALONE = 12
"""Cases solved alone at most, of a budget."""


@dataclass(slots=True)
class RobustOutcome:
    """State of a search over cases.

    Attributes
    ----------
    decision, valued
        The best plan that keeps its limits over all cases, and what it is worth.
    value, bound, checked
        Of the objective over all cases, as in `SearchOutcome`.
    cases, rounds, searches
        Cases that were needed, models that were solved, and searches with rows at cases of their own.
    clash
        A case that no plan keeps its limits in, even alone.
    dual
        Whether the model had the adversary's duals in the place of cases.
    """

    decision: Decision | None = None
    valued: RobustValue | None = None
    value: float = math.inf
    bound: float = -math.inf
    checked: float = -math.inf
    nodes: int = 0
    infeasible: bool = False
    doubt: str = ""
    cases: int = 0
    rounds: int = 0
    searches: int = 0
    model_value: float | None = None
    clash: UncertainCase | None = None
    dual: bool = False

    @property
    def empty(self) -> bool:
        """Whether no decision is known yet."""
        return self.decision is None

    def proven(self, gap: float) -> bool:
        """Whether the decision is within the gap of the bound."""
        return self.decision is not None and self.value - self.bound <= max(gap, EQUAL) * abs(self.value)


class RobustSearch:
    """The search over cases of an instance with `uncertainty`.

    Parameters
    ----------
    instance, settings
        What is asked; labels and model are told the rest.
    """

    def __init__(self, instance: Instance, settings: SearchSettings) -> None:
        assert instance.uncertainty is not None
        self.instance, self.settings = instance, settings
        self.asked: Uncertainty = instance.uncertainty
        self.plain = replace(instance, uncertainty=None)
        self.name: Objective = instance.minimize  # type: ignore[assignment]  # weighted ones are refused
        self.known: dict[str, UncertainCase] = {}
        self.found = RobustOutcome()
        self._tried: set[Decision] = set()

    def run(self) -> RobustOutcome:
        """Search until the gap, or the deadline, is reached."""
        found, settings = self.found, self.settings
        if not Data(self.plain).connected:  # in no case is there a way through
            found.infeasible, found.bound, found.checked = True, math.inf, math.inf
            found.clash = self.asked.case((), tuple(tier.name for tier in self.plain.tiers))
            return found
        try:
            from serflow_opt.formulations.budget import dualises

            found.dual = settings.method == "milp" and dualises(self.plain, self.asked, self.name)
            if found.dual:
                pass  # the model alone
            elif self.asked.scenarios:
                self._alone_each()
            elif self.settings.method == "auto" and covers(self.plain, self.asked, self.name):
                self._rowwise()
            else:
                self._alone_in_turn()
            while not (found.infeasible or found.proven(settings.gap) or settings.deadline.expired):
                if not self._model():
                    break
        except OutOfTime:
            pass
        found.cases = len(self.known)
        found.bound = min(found.bound, found.value)
        found.checked = min(found.checked, found.bound)
        if found.decision is None and not found.infeasible:
            found.doubt = found.doubt or OUT_OF_TIME
        return found

    def _offer(self, decision: Decision) -> RobustValue:
        """Value a plan over all cases and keep it if it is the best."""
        valued = value_robustly(self.instance, decision)
        if not valued.breaches and valued.value < self.found.value:
            self.found.decision, self.found.valued, self.found.value = decision, valued, valued.value
        return valued

    def _alone(self, case: UncertainCase, *, limits: bool = True) -> tuple[float, float, RobustValue | None]:
        """Solve a case alone: its bound, what of that is checked, and its plan valued over all."""
        own = deviated(self.plain, case)
        if not limits:
            from serflow_opt.problem.limits import keeping

            own = keeping(own, ("mse_min", "cross_entropy_max"))
        quiet = replace(self.settings, on_progress=None, method="auto", gap=self.settings.gap / 2)
        alone = search(own, quiet, {self.name: 1.0}, check=False)
        self.found.nodes += alone.nodes
        if alone.infeasible:
            return math.inf, math.inf, None
        valued = None
        if alone.decision is not None and alone.decision not in self._tried:
            self._tried.add(alone.decision)
            valued = self._offer(alone.decision)
        return alone.bound, alone.checked, valued

    def _alone_each(self) -> None:
        """Solve all scenarios alone; what the objective makes of their optima is a bound."""
        cases = self.asked.scenarios
        self.known = {case.name: case for case in cases}
        if self.settings.method == "milp":  # the model alone
            return
        strict = self.asked.hold >= 1
        bounds = [self._alone(case, limits=strict) for case in cases]
        clashing = [case for case, (bound, _, _) in zip(cases, bounds, strict=True) if bound == math.inf]
        if clashing:
            self.found.infeasible, self.found.bound, self.found.checked = True, math.inf, math.inf
            self.found.clash = clashing[0] if strict else None
            return
        self.found.bound = self._over([bound for bound, _, _ in bounds])
        self.found.checked = self._over([checked for _, checked, _ in bounds])

    def _over(self, values: list[float]) -> float:
        shares = [case.probability for case in self.asked.scenarios]
        match self.asked.goal:
            case "worst":
                return max(values)
            case "cvar":
                if not all(map(math.isfinite, values)):
                    return -math.inf
                return mean_of_worst(values, shares, 1 - self.asked.beta)
            case _:
                return math.fsum(share * value for share, value in zip(shares, values, strict=True))

    def _alone_in_turn(self) -> None:
        """Solve the case as believed, then whichever is worst for the plan found, while that tells something new."""
        tiers = tuple(tier.name for tier in self.plain.tiers)
        nothing = self.asked.case((), tiers)
        if self.settings.method == "milp":  # the model alone
            self.known[nothing.name] = nothing
            return
        queue = [nothing]
        if len(self.asked.parts) <= (self.asked.budget or 0):
            queue.append(self.asked.case(self.asked.parts, tiers))
        for _ in range(ALONE):
            case = next((own for own in queue if own.name not in self.known), None)
            if case is None or self.settings.deadline.expired:
                break
            self.known[case.name] = case
            bound, checked, valued = self._alone(case)
            if bound == math.inf:
                self.found.infeasible, self.found.bound, self.found.checked = True, math.inf, math.inf
                self.found.clash = case
                return
            if self.asked.goal == "worst" or case is nothing:
                self.found.bound, self.found.checked = max(self.found.bound, bound), max(self.found.checked, checked)
            if self.found.proven(self.settings.gap):
                return
            if valued is not None:
                queue = [own.case for own in self._worst(valued)] + queue

    def _rowwise(self) -> None:
        """Take each row at a case of its own: over all plans first, then over parts of them where a gap is left."""
        found, settings = self.found, self.settings
        whole = RowwiseSearch(self.plain, self.asked, self.name, settings)
        bound = self._part(whole, whole.rows_at(whole.nothing))
        if bound == math.inf and found.empty:
            self.known = {}
            self._alone_in_turn()  # which may tell what stands in the way
            found.infeasible, found.bound, found.checked = True, math.inf, math.inf
            return
        found.bound = found.checked = bound
        if found.proven(settings.gap) or settings.deadline.expired:
            return
        below = [self._part(part, part.rows_at(part.nothing)) for part in whole.parts()]
        if below and not settings.deadline.expired:
            found.infeasible = found.empty and min(below) == math.inf
            found.bound = found.checked = max(bound, min(below))

    def _part(self, own: RowwiseSearch, rows: dict[str, UncertainCase]) -> float:
        """Move each row to the case that is worst for the plan found, while that tells something new; a bound."""
        found, bound, tried = self.found, -math.inf, []
        for _ in range(ALONE):
            tried.append({column: case.name for column, case in rows.items()})
            self.known |= {case.name: case for case in rows.values()}
            lowest, least = math.inf, None
            for decision, below in own.best(rows):
                lowest = min(lowest, below)
                if decision is not None:
                    valued = self._offer(decision)
                    if least is None or valued.value < least.value:
                        least = valued
            bound = max(bound, lowest)
            if least is None or self.settings.deadline.expired:
                break
            if bound >= found.value * (1 - self.settings.gap):
                break
            rows = own.rows_for(least)
            if {column: case.name for column, case in rows.items()} in tried:
                break
        found.searches += own.searches
        return bound

    def _worst(self, valued: RobustValue) -> list[CaseValue]:
        """Cases that are worst for a plan: where limits are missed by most first, then in the objective."""
        missed = sorted(valued.cases, key=lambda own: -own.metrics.violation)
        return [own for own in missed if own.metrics.breaches] + [
            valued.worst(self.name, self.instance.latency_measure)
        ]

    def _model(self) -> bool:
        """Solve the model of the cases known, or of the duals; say whether its plan brought new cases."""
        from serflow_opt.backend.highs import HighsModel, Outcome
        from serflow_opt.search.incumbent import decision_in, start_of
        from serflow_opt.search.milp import refine

        found, settings = self.found, self.settings
        built = self._built()
        model = HighsModel(built.model.model(), settings.deadline)
        fresh: dict[str, UncertainCase] = {}
        found.rounds += 1

        def take(outcome: Outcome) -> bool:
            decision = decision_in(self.plain, built, outcome)
            valued = self._offer(decision)
            modelled = outcome.objective * built.unit
            if found.decision == decision:
                found.model_value = modelled
            off = valued.value > modelled + MODEL_ERROR * abs(valued.value)
            if not (found.dual or self.asked.scenarios) and (valued.breaches or off):
                fresh.update({own.case.name: own.case for own in valued.cases if own.case.name not in self.known})
            return bool(fresh) or not (valued.breaches or off)

        def cut(outcome: Outcome) -> bool:
            binaries = [
                v for name in ("x", "z", "way") if (c := built.model.component(name)) is not None for v in c.values()
            ]
            chosen = [variable for variable in binaries if outcome.value(variable) > 0.5]
            model.add_cut(chosen, [1.0] * len(chosen), len(chosen) - 1)
            return True

        def start() -> Mapping[int, float] | None:
            return None if found.decision is None else start_of(built, found.decision)

        refine(model, built.unit, settings, found, take=take, cut=cut, start=start)
        self.known |= fresh
        return bool(fresh)

    def _built(self) -> BuiltPlacement:
        from serflow_opt.formulations.budget import build_budget
        from serflow_opt.formulations.uncertainty import build_cases

        if self.found.dual:
            return build_budget(self.plain, self.asked, self.name, self.settings.deadline)
        cases = list(self.known.values())
        with_cases = [deviated(self.plain, case) for case in cases]
        shares = [case.probability for case in cases]
        return build_cases(with_cases, self.asked, shares, self.name, self.settings.deadline)
