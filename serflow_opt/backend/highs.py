"""The one place that talks to HiGHS: a Pyomo model in, an outcome with incumbent, dual bound and status out.

Pyomo's own HiGHS interfaces pass no start, ignore misspelt options and cannot report progress, so the model is compiled
to a matrix once and handed to highspy here.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from serflow_opt.backend.certifying import tree_bound
from serflow_opt.backend.linear import last_word, relaxing
from serflow_opt.backend.magnitudes import Scaled, is_comfortable, plain, scaled
from serflow_opt.backend.matrix import Cuts, Matrix, compile_model
from serflow_opt.backend.running import (
    PRESOLVE,
    Progress,
    check_options,
    interruptible,
    new_solver,
    run_search,
    run_solver,
    set_option,
)
from serflow_opt.ground.arrays import Floats
from serflow_opt.ground.deadline import NEVER, Deadline
from serflow_opt.ground.tolerances import DEFAULT_GAP, FEASIBILITY, LOOSE_FEASIBILITY, POLISHED, WITHIN

Status = Literal["optimal", "limit", "infeasible", "no_solution"]
RESCALED = 5
"""Times at most that a model is scaled anew for a solution far smaller than the one before."""
CHECKING, LEAST_WORK = 0.1, 1_000
"""Share of the simplex iterations of a search that checking its bound may take, and how many in any case: a count, so
that what is proven does not depend on how busy a machine is."""
MOST_BOXES = 2_000
"""Boxes bounded at most in a check."""
SURE_S = 1.0
"""Seconds that a second search after a plan may take."""
SURE_WORK = 40_000
"""Simplex iterations that confirming that there is no solution may take, or as many as the search took."""
FAR = 1e-2
"""Share by which multipliers may fall short of a bound before a second search has to say the same."""
LATE_S = 0.05
"""Seconds for that when there are none left."""
FAILED = "an error of its own"
"""How a search ends that HiGHS could not go through with; it is searched once more, otherwise."""
OTHERWISE: Mapping[str, object] = {
    "presolve": "on",
    "random_seed": 17,
    "simplex_scale_strategy": 0,
    "mip_heuristic_effort": 0.3,
}
"""How a second search differs from the first."""
LOOSER: Mapping[str, object] = {
    "primal_feasibility_tolerance": LOOSE_FEASIBILITY,
    "mip_feasibility_tolerance": LOOSE_FEASIBILITY,
}
"""And further where the first found nothing; where it did, what only wider tolerances let through is no better."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What HiGHS found.

    Attributes
    ----------
    status
        optimal: incumbent within the asked gap of the bound; limit: stopped with an incumbent; infeasible: proven
        to have no solution; no_solution: stopped before one was found, or not proven that there is none (`doubt`).
    objective
        The incumbent's value, NaN without one.
    bound
        No solution is better than this; for a model with whole numbers that is HiGHS's word.
    values
        By Pyomo variable id; read with `value`.
    checked
        No solution is better than this, by multipliers in arithmetic whose rounding is counted.
    doubt
        What was not proven, in words.
    ended
        How the search did, in HiGHS's words.
    iterations
        Of the simplex method, in all.
    """

    status: Status
    objective: float
    bound: float
    values: dict[int, float]
    nodes: int
    rows: int
    columns: int
    checked: float = -math.inf
    doubt: str = ""
    ended: str = ""
    iterations: int = 0

    def value(self, variable: Any) -> float:
        """Return a variable's value in the incumbent: NaN without one, 0 when it is in no constraint."""
        if not self.values:
            return math.nan
        return float(variable.value) if variable.fixed else self.values.get(id(variable), 0.0)


class HighsModel:
    """A compiled model that can be solved, cut and solved again.

    Parameters
    ----------
    model
        A Pyomo model with linear constraints and one active objective.
    deadline
        When to give up compiling it, by OutOfTime.
    """

    def __init__(self, model: Any, deadline: Deadline = NEVER) -> None:
        self._matrix, columns = compile_model(model, deadline)
        self._pyomo = model  # variables are known by id: keep them alive
        self._index = {id(variable): j for j, variable in enumerate(columns)}
        self._scaled: Scaled | None = None
        self._solver: Any = None

    @classmethod
    def of(cls, matrix: Matrix) -> HighsModel:
        """Return the model of a matrix: its columns are known by their numbers."""
        model = cls.__new__(cls)
        model._matrix, model._pyomo, model._scaled, model._solver = matrix, None, None, None
        model._index = {j: j for j in range(len(matrix.cost))}
        return model

    def add_cut(self, variables: list[Any], coefficients: list[float], upper: float) -> None:
        """Add Σ coefficient x variable <= upper to all later solves.

        Parameters
        ----------
        variables, coefficients
            Of the model, or numbers of columns where a matrix was given; one coefficient for each.
        upper
            Right-hand side.
        """
        index = [self._index[own if self._pyomo is None else id(own)] for own in variables]
        self.add_cuts(Cuts.of([len(index)], index, coefficients, [upper]))

    def add_cuts(self, cuts: Cuts) -> None:
        """Add rows to all later solves."""
        self._matrix = self._matrix.with_cuts(cuts)
        if self._scaled is None or self._scaled.loosened or self._scaled.matrix is None:
            self._use(None)
        else:
            self._scaled = replace(self._scaled, matrix=self._scaled.matrix.with_cuts(cuts))
            if self._solver is not None:
                cuts.give(self._solver)

    def polish(self, outcome: Outcome, deadline: Deadline = NEVER) -> Outcome | None:
        """Solve the LP that is left when the integers stay as they are; None when it has no solution, or time runs out.

        A search ends with limits missed by up to its tolerance; a vertex of this LP meets them to rounding.
        """
        import highspy
        import numpy as np

        solver = new_solver()
        solver.setOptionValue("primal_feasibility_tolerance", POLISHED)
        solver.setOptionValue("presolve", PRESOLVE)
        solver.setOptionValue("time_limit", deadline.left)
        solver.passModel(self._highs().getLp())
        key = {j: i for i, j in self._index.items()}
        scaled_ = self._scaling()
        assert scaled_.matrix is not None
        for j in np.flatnonzero(scaled_.matrix.whole).tolist():
            whole = float(round(outcome.values[key[j]]))
            solver.changeColIntegrality(j, highspy.HighsVarType.kContinuous)
            solver.changeColBounds(j, whole, whole)
        with interruptible(solver, []):
            run_solver(solver)
        if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return None
        solution = np.array(solver.getSolution().col_value) * scaled_.column
        polished = {i: float(solution[j]) for i, j in self._index.items()}
        return replace(outcome, objective=self._valued(solution), values=polished)

    def solve(
        self,
        *,
        gap: float = DEFAULT_GAP,
        time_limit: float | None = None,
        threads: int = 0,
        seed: int = 0,
        start: Mapping[int, float] | None = None,
        on_progress: Callable[[Progress], None] | None = None,
        options: Mapping[str, object] | None = None,
        check: bool = True,
    ) -> Outcome:
        """Run HiGHS, again where its answer is too small for its tolerances, and check what it says.

        Parameters
        ----------
        gap
            Relative gap at which the incumbent counts as optimal.
        time_limit
            Seconds; None: none.
        threads, seed
            As HiGHS understands them; threads 0 leaves the number to HiGHS, and there are never more than processors.
        start
            Values by variable id, possibly of some variables only; HiGHS completes them.
        on_progress
            Called from within the search.
        options
            Further HiGHS options, checked by name and value.
        check
            Whether to check the bound; that there is no solution is confirmed anyway.
        """
        if options:
            check_options(options)
        deadline = Deadline(time_limit)
        chosen: dict[str, object] = {
            "mip_rel_gap": gap,
            "mip_abs_gap": 0.0,
            "threads": threads,
            "random_seed": seed,
            "presolve": PRESOLVE,
            "primal_feasibility_tolerance": FEASIBILITY,
            "dual_feasibility_tolerance": FEASIBILITY,
            "mip_feasibility_tolerance": FEASIBILITY,
            **(options or {}),
        }

        known: dict[int, float] = dict(start or {})
        outcome = self._search(chosen, deadline, known, on_progress)
        if outcome.ended == FAILED and not deadline.expired:
            outcome = self._search({**chosen, **OTHERWISE}, deadline, known, on_progress)
        for _ in range(RESCALED):
            if not outcome.values or deadline.expired or self._scaling().resolves(outcome.objective):
                break
            cutoff = outcome.objective + WITHIN * abs(outcome.objective)
            if cutoff > self._scaling().cutoff / 2:
                break
            self._use(scaled(self._matrix, cutoff))
            known |= outcome.values
            outcome = _refined(outcome, self._search(chosen, deadline, known, on_progress), cutoff)
        if check or outcome.status == "infeasible":
            return self._checked(outcome, chosen, deadline, gap)
        return outcome

    def _search(
        self,
        options: Mapping[str, object],
        deadline: Deadline,
        start: Mapping[int, float],
        on_progress: Callable[[Progress], None] | None,
    ) -> Outcome:
        """Run HiGHS once on the model as it is scaled."""
        import numpy as np

        scaled_ = self._scaling()
        if scaled_.matrix is None:  # nothing is within the bounds that rows and cutoff leave
            return Outcome("infeasible", math.nan, scaled_.cutoff, {}, 0, *self._size, checked=scaled_.cutoff)
        solver = self._highs()
        chosen: dict[str, object] = {"output_flag": False, "time_limit": deadline.left, **options}
        if isinstance(chosen["threads"], int):  # HiGHS would start as many as it is told
            chosen["threads"] = min(chosen["threads"], os.cpu_count() or 1)
        solver.resetOptions()  # they stick to a Highs object from one solve to the next
        for name, value in chosen.items():
            if not set_option(solver, name, value):
                raise RuntimeError(f"HiGHS does not take {name} = {value!r}")
        if start:
            known = [(self._index[i], v) for i, v in start.items() if i in self._index]
            columns = np.array([j for j, _ in known], dtype=np.int32)
            solver.setSolution(len(known), columns, np.array([v for _, v in known]) / scaled_.column[columns])
        try:
            ran = run_search(solver, on_progress, scaled_.objective)
        except BaseException:  # HiGHS may be left in the middle of a search
            self._solver = None
            raise
        if not ran:
            self._solver = None
            return Outcome("no_solution", math.nan, -math.inf, {}, 0, *self._size, ended=FAILED)
        return self._outcome(solver)

    def _checked(self, outcome: Outcome, options: Mapping[str, object], deadline: Deadline, gap: float) -> Outcome:
        """Check a bound as far as that takes a small share of the search, and confirm that there is no solution."""
        scaled_ = self._scaling()
        if scaled_.matrix is None:
            return outcome
        if outcome.status == "infeasible":
            return self._confirmed(outcome, options, deadline.later(LATE_S))
        if deadline.expired or not math.isfinite(outcome.bound):
            return outcome
        target = min(outcome.bound, scaled_.cutoff) * scaled_.objective
        target -= min(WITHIN, gap / 2) * abs(target)  # so that search and check together stay within the gap
        known = math.inf if math.isnan(outcome.objective) else outcome.objective * scaled_.objective
        whole = bool(scaled_.matrix.whole.any())
        relax = relaxing(scaled_.matrix, deadline) if whole else last_word(self._highs())
        work = max(CHECKING * outcome.iterations, LEAST_WORK)
        checked = tree_bound(scaled_.matrix, relax, target, deadline, MOST_BOXES, known, work).bound
        checked = min(checked / scaled_.objective, scaled_.cutoff)
        bound = outcome.bound if whole else min(outcome.bound, checked)
        if whole and checked < bound - FAR * abs(bound):
            outcome = self._again(outcome, options, deadline)
            bound = min(bound, outcome.bound)
        return replace(outcome, bound=bound, checked=min(checked, bound))

    def _again(self, outcome: Outcome, options: Mapping[str, object], deadline: Deadline) -> Outcome:
        """Search again, otherwise and shortly, where multipliers stay far: does a solution lie below the bound?"""
        self._solver = None
        second = self._search({**options, **OTHERWISE}, Deadline(min(deadline.left, SURE_S)), {}, None)
        self._solver = None
        refuted = second.values and second.objective < outcome.bound - WITHIN * abs(outcome.bound)
        return replace(second, bound=min(second.bound, outcome.bound)) if refuted else outcome

    def _confirmed(self, outcome: Outcome, options: Mapping[str, object], deadline: Deadline) -> Outcome:
        """Confirm that a model has no solution: by multipliers box by box, else by a second search done otherwise."""
        scaled_ = self._scaling()
        assert scaled_.matrix is not None
        relax = relaxing(scaled_.matrix, deadline)
        work = max(outcome.iterations, SURE_WORK)
        if tree_bound(scaled_.matrix, relax, math.inf, deadline, MOST_BOXES, work=work).bound == math.inf:
            return replace(outcome, bound=math.inf, checked=math.inf)
        self._solver = None
        second = self._search({**options, **OTHERWISE, **LOOSER}, deadline, {}, None)
        self._solver = None
        if second.status == "infeasible" or second.values:
            return second
        doubt = "HiGHS found the model to have no solution, which could not be confirmed in time"
        return replace(outcome, status="no_solution", bound=-math.inf, doubt=doubt)

    @property
    def _size(self) -> tuple[int, int]:
        return len(self._matrix.row_low), len(self._matrix.cost)

    def _valued(self, solution: Floats) -> float:
        return float(self._matrix.cost @ solution) + self._matrix.offset

    def _scaling(self) -> Scaled:
        """Return the model as HiGHS has it."""
        if self._scaled is None:
            self._scaled = plain(self._matrix) if is_comfortable(self._matrix) else scaled(self._matrix)
        return self._scaled

    def _use(self, scaling: Scaled | None) -> None:
        """Give HiGHS another model from now on."""
        self._scaled, self._solver = scaling, None

    def _highs(self) -> Any:
        if self._solver is None:
            import highspy

            self._solver = new_solver()
            matrix = self._scaling().matrix
            assert matrix is not None
            if self._solver.passModel(matrix.for_highs()) == highspy.HighsStatus.kError:
                raise RuntimeError("HiGHS refused the model")
        return self._solver

    def _outcome(self, solver: Any) -> Outcome:
        import highspy
        import numpy as np

        info, state, scaled_ = solver.getInfo(), solver.getModelStatus(), self._scaling()
        found = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
        solved = state == highspy.HighsModelStatus.kOptimal
        objective, values = math.nan, {}
        if found:
            solution = np.array(solver.getSolution().col_value) * scaled_.column
            values = {i: float(solution[j]) for i, j in self._index.items()}
            objective = info.objective_function_value / scaled_.objective
        if self._matrix.whole.any() and scaled_.matrix is not None and scaled_.matrix.whole.any():
            bound = info.mip_dual_bound / scaled_.objective
        else:
            bound = objective if solved else -math.inf
        if found and scaled_.loosened:
            objective = self._valued(solution)
        infeasible = (highspy.HighsModelStatus.kInfeasible, highspy.HighsModelStatus.kUnboundedOrInfeasible)
        status: Status
        if state in infeasible and not found:
            status = "infeasible"
        elif solved and found:
            status = "optimal"
        elif found:
            status = "limit"
        else:
            status = "no_solution"
        nodes, iterations = max(int(info.mip_node_count), 0), max(int(info.simplex_iteration_count), 0)
        ended = solver.modelStatusToString(state).lower()
        return Outcome(status, objective, bound, values, nodes, *self._size, ended=ended, iterations=iterations)


def _refined(first: Outcome, second: Outcome, cutoff: float) -> Outcome:
    """Return what two searches say together, the second for what is at most `cutoff`."""
    bound = max(first.bound, min(second.bound, cutoff))
    first = replace(first, nodes=first.nodes + second.nodes, iterations=first.iterations + second.iterations)
    if second.status == "infeasible":  # nothing is below
        return replace(first, bound=max(first.bound, cutoff))
    if second.values:
        return replace(second, bound=bound, nodes=first.nodes, iterations=first.iterations)
    return replace(first, status="limit", bound=bound)
