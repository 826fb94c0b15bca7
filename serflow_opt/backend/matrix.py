"""A linear model as the rows and columns that HiGHS takes.

Pyomo has a compiler to standard form, but it loads all of SciPy for one sparse matrix, which takes longer than a solve.
HiGHS takes rows as they come, so the walker that compiler is built on is enough.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serflow_opt.ground.arrays import Floats
from serflow_opt.ground.deadline import NEVER, Deadline

ROWS = 256
"""Rows after which the clock is looked at: a few milliseconds."""

Ints = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Cuts:
    """Rows to add, Σ value x column <= upper.

    Attributes
    ----------
    ends
        By row, where its columns end in `index` and `value`.
    index, value
        Numbers of the columns, row after row, each once in a row, and what they are multiplied by.
    upper
        Right sides of the rows.
    """

    ends: Ints
    index: Ints
    value: Floats
    upper: Floats

    @classmethod
    def of(cls, ends: list[int], index: list[int], value: list[float], upper: list[float]) -> Cuts:
        """Return cuts from lists.

        Parameters
        ----------
        ends
            Of each cut, the position behind its last entry, n.
        index, value
            Column and coefficient of each entry.
        upper
            Right-hand sides, n.
        """
        whole = np.array(ends, dtype=np.int32), np.array(index, dtype=np.int32)
        return cls(*whole, np.array(value, dtype=float), np.array(upper, dtype=float))

    def give(self, solver: Any) -> None:
        """Add the rows to the model that a `highspy.Highs` holds."""
        starts = np.concatenate([[0], self.ends[:-1]]).astype(np.int32)
        low = np.full(len(self.upper), -math.inf)
        solver.addRows(len(low), low, self.upper, len(self.index), starts, self.index, self.value)


@dataclass(frozen=True, slots=True)
class Matrix:
    """min cost x + offset, row_low <= A x <= row_high, low <= x <= high, x whole where `whole`.

    Attributes
    ----------
    start, index, value
        A by rows: those of row i are at start[i] to start[i + 1].
    """

    cost: Floats
    start: Ints
    index: Ints
    value: Floats
    row_low: Floats
    row_high: Floats
    low: Floats
    high: Floats
    whole: NDArray[np.bool_]
    offset: float = 0.0

    @classmethod
    def dense(cls, cost: Floats, rows: Floats, row_low: Floats, row_high: Floats, low: Floats, high: Floats) -> Matrix:
        """Return a matrix without whole columns from an array of rows.

        Parameters
        ----------
        cost
            What one of each column costs, N.
        rows
            A, M x N.
        row_low, row_high
            Sides of the rows, M; infinite where a row has none.
        low, high
            Bounds of the columns, N.
        """
        at, index = np.nonzero(rows)
        start = np.searchsorted(at, np.arange(len(rows) + 1)).astype(np.int32)
        value = np.ascontiguousarray(rows[at, index])
        return cls(
            cost, start, index.astype(np.int32), value, row_low, row_high, low, high, np.zeros(len(cost), dtype=bool)
        )

    @classmethod
    def at_most(cls, cost: Floats, rows: Floats, upper: Floats, low: Floats, high: Floats) -> Matrix:
        """Return the same with rows that have upper sides only.

        Parameters
        ----------
        cost, rows, low, high
            As in `dense`.
        upper
            Right sides of the rows, M.
        """
        return cls.dense(cost, rows, np.full(len(rows), -math.inf), upper, low, high)

    @property
    def row(self) -> Ints:
        """The row of each value."""
        return np.repeat(np.arange(len(self.row_low), dtype=np.int32), np.diff(self.start))

    def continuous(self) -> Matrix:
        """Return the matrix with its whole columns taken as any others."""
        return replace(self, whole=np.zeros(len(self.cost), dtype=bool))

    def with_cuts(self, cuts: Cuts) -> Matrix:
        """Return the matrix with more rows."""
        return replace(
            self,
            start=np.append(self.start, self.start[-1] + cuts.ends),
            index=np.append(self.index, cuts.index),
            value=np.append(self.value, cuts.value),
            row_low=np.append(self.row_low, np.full(len(cuts.upper), -math.inf)),
            row_high=np.append(self.row_high, cuts.upper),
        )

    def for_highs(self) -> Any:
        """Return a `highspy.HighsLp`."""
        import highspy

        lp = highspy.HighsLp()
        lp.num_row_, lp.num_col_ = len(self.row_low), len(self.cost)
        lp.col_cost_, lp.offset_ = self.cost, self.offset
        lp.col_lower_, lp.col_upper_ = self.low, self.high
        if self.whole.any():
            kinds = highspy.HighsVarType
            lp.integrality_ = [kinds.kInteger if whole else kinds.kContinuous for whole in self.whole]
        lp.row_lower_, lp.row_upper_ = self.row_low, self.row_high
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = self.start, self.index, self.value
        return lp


def compile_model(model: Any, deadline: Deadline = NEVER) -> tuple[Matrix, list[Any]]:
    """Return the matrix of a Pyomo model and the variables of its columns, in order.

    Fixed variables are folded into constants. Variables that are in no row and not in the objective have no column.

    Raises
    ------
    ValueError
        When a constraint or the objective is not linear.
    OutOfTime
        When the deadline passes.
    """
    import pyomo.core as pyo
    from pyomo.repn.linear import LinearRepnVisitor
    from pyomo.repn.util import OrderedVarRecorder

    variables: dict[int, Any] = {}
    visitor = LinearRepnVisitor({}, var_recorder=OrderedVarRecorder(variables, {}, None))
    column: dict[int, int] = {}
    starts, indices, values = [0], [], []
    lower, upper = [], []

    def walk(body: Any, part: Any) -> Any:
        form = visitor.walk_expression(body)
        if form.nonlinear is not None:
            raise ValueError(f"{part.name} is not linear")
        return form

    for constraint in model.component_data_objects(pyo.Constraint, active=True, descend_into=pyo.Block):
        if not len(starts) % ROWS:
            deadline.check()
        low, body, high = constraint.to_bounded_expression(True)
        form = walk(body, constraint)
        for key, coefficient in form.linear.items():
            if coefficient:
                indices.append(column.setdefault(key, len(column)))
                values.append(coefficient)
        starts.append(len(indices))
        lower.append(-math.inf if low is None else low - form.constant)
        upper.append(math.inf if high is None else high - form.constant)
    (objective,) = model.component_data_objects(pyo.Objective, active=True)
    form = walk(objective.expr, objective)
    costs = {column.setdefault(key, len(column)): c for key, c in form.linear.items()}
    ordered = [variables[key] for key in column]
    bounds = [variable.bounds for variable in ordered]
    sign = 1.0 if objective.sense == pyo.minimize else -1.0
    matrix = Matrix(
        cost=np.array([sign * costs.get(j, 0.0) for j in range(len(ordered))]),
        start=np.array(starts, dtype=np.int32),
        index=np.array(indices, dtype=np.int32),
        value=np.array(values, dtype=float),
        row_low=np.array(lower, dtype=float),
        row_high=np.array(upper, dtype=float),
        low=np.array([-math.inf if low is None else low for low, _ in bounds]),
        high=np.array([math.inf if high is None else high for _, high in bounds]),
        whole=np.array([not variable.is_continuous() for variable in ordered], dtype=bool),
        offset=sign * float(form.constant),
    )
    return matrix, ordered


def binaries_of(model: Any) -> tuple[list[Any], bool]:
    """Return the binary variables of a Pyomo model that are not fixed, and whether no others are left to choose."""
    import pyomo.core as pyo

    free = [variable for variable in model.component_data_objects(pyo.Var, active=True) if not variable.fixed]
    return [variable for variable in free if variable.is_binary()], all(variable.is_binary() for variable in free)
