"""Linear programmes: solved by HiGHS, on one box or on many, with a bound whose rounding is counted."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from serflow_opt.backend.certifying import Relaxation, safe_bound, tree_bound
from serflow_opt.backend.matrix import Matrix
from serflow_opt.backend.running import PRESOLVE, interruptible, new_solver, run_solver
from serflow_opt.ground.arrays import Floats
from serflow_opt.ground.deadline import NEVER, Deadline


@dataclass(frozen=True, slots=True)
class Linear:
    """What was found of a linear programme.

    Attributes
    ----------
    bound
        No solution is below this, in arithmetic whose rounding is counted: infinite where there is proven to be no
        solution, minus infinity where nothing is proven.
    values, multipliers
        The solution and the multipliers of its rows; None: none found.
    """

    bound: float
    values: Floats | None = None
    multipliers: Floats | None = None


def solve_linear(matrix: Matrix, deadline: Deadline = NEVER) -> Linear:
    """Solve a linear programme, its whole columns taken as any others, and prove its bound (`certifying.py`)."""
    said = relaxing(matrix, deadline)(matrix.low, matrix.high)
    known = math.inf if said.values is None else float(matrix.cost @ said.values) + matrix.offset
    checked = tree_bound(matrix.continuous(), lambda low, high: said, math.inf, NEVER, 1, known)
    return Linear(checked.bound) if said.values is None else Linear(checked.bound, said.values, said.multipliers)


class SmallPrograms:
    """Many small linear programmes, one after the other, in one solver.

    Between them a Ctrl-C is heard as anywhere; each is done in milliseconds. Making a solver, its callbacks and what
    boxes can be narrowed to costs three times what such a programme takes.
    """

    def __init__(self) -> None:
        self._solver = new_solver()
        self._solver.setOptionValue("presolve", PRESOLVE)

    def multipliers(self, matrix: Matrix) -> Floats | None:
        """Solve one, and return the multipliers of its rows: good for bounds, whatever they are. None: none found."""
        return self._solved(matrix).multipliers

    def _solved(self, matrix: Matrix) -> Relaxation:
        import highspy

        if self._solver.passModel(matrix.for_highs()) == highspy.HighsStatus.kError:
            raise RuntimeError("HiGHS refused the model")
        run_solver(self._solver)
        return _said(self._solver)

    def solve(self, matrix: Matrix) -> Linear:
        """Solve one whose columns all have two sides, and prove its bound."""
        said = self._solved(matrix)
        if said.multipliers is None:
            return Linear(-math.inf, said.values)
        if said.values is None:
            rays = (said.multipliers, -said.multipliers)
            empty = any(safe_bound(matrix, y, matrix.low, matrix.high, feasibility=True) > 0 for y in rays)
            return Linear(math.inf if empty else -math.inf)
        bound = safe_bound(matrix, said.multipliers, matrix.low, matrix.high)
        return Linear(bound, said.values, said.multipliers)


def relaxing(matrix: Matrix, deadline: Deadline = NEVER) -> Callable[[Floats, Floats], Relaxation]:
    """Return a solver of a matrix without whole columns on boxes, one after the other; it knows nothing out of time."""
    import highspy
    import numpy as np

    solver = new_solver()
    solver.setOptionValue("presolve", PRESOLVE)
    if solver.passModel(matrix.continuous().for_highs()) == highspy.HighsStatus.kError:
        raise RuntimeError("HiGHS refused the model")
    columns = np.arange(len(matrix.cost), dtype=np.int32)

    def relax(low: Floats, high: Floats) -> Relaxation:
        solver.changeColsBounds(len(columns), columns, low, high)
        solver.setOptionValue("time_limit", deadline.left)
        with interruptible(solver, []):
            run_solver(solver)
        return _said(solver)

    return relax


def last_word(solver: Any) -> Callable[[Floats, Floats], Relaxation]:
    """Return what says of any box what HiGHS says of the linear programme it has run."""
    said = _said(solver)
    return lambda low, high: said


def _said(solver: Any) -> Relaxation:
    """Read what HiGHS says of a linear programme it has run."""
    import highspy
    import numpy as np

    state, iterations = solver.getModelStatus(), max(int(solver.getInfo().simplex_iteration_count), 0)
    if state == highspy.HighsModelStatus.kOptimal:
        solution = solver.getSolution()
        return Relaxation(np.array(solution.row_dual), np.array(solution.col_value), iterations)
    if state == highspy.HighsModelStatus.kInfeasible:
        _, known, ray = solver.getDualRay()
        return Relaxation(np.array(ray) if known else None, None, iterations)
    return Relaxation(None, None, iterations)
