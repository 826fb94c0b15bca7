"""A linear Pyomo model as the rows and columns that HiGHS takes.

Pyomo has a compiler to standard form, but it loads all of SciPy for one sparse matrix, which takes longer than a solve.
HiGHS takes rows as they come, so the walker that compiler is built on is enough.
"""

from __future__ import annotations

import math
from typing import Any


def compile_model(model: Any) -> tuple[Any, list[Any]]:
    """Return a `highspy.HighsLp` and the Pyomo variables of its columns, in order.

    Fixed variables are folded into constants. Variables that are in no row and not in the objective have no column.

    Raises
    ------
    ValueError
        When a constraint or the objective is not linear.
    """
    import highspy
    import numpy as np
    import pyomo.core as pyo
    from pyomo.repn.linear import LinearRepnVisitor
    from pyomo.repn.util import OrderedVarRecorder

    variables: dict[int, Any] = {}
    visitor = LinearRepnVisitor({}, var_recorder=OrderedVarRecorder(variables, {}, None))
    column: dict[int, int] = {}
    starts, indices, values = [0], [], []
    lower, upper = [], []

    def walk(body: Any, name: str) -> Any:
        form = visitor.walk_expression(body)
        if form.nonlinear is not None:
            raise ValueError(f"{name} is not linear")
        return form

    for constraint in model.component_data_objects(pyo.Constraint, active=True, descend_into=pyo.Block):
        low, body, high = constraint.to_bounded_expression(True)
        form = walk(body, constraint.name)
        for key, coefficient in form.linear.items():
            if coefficient:
                indices.append(column.setdefault(key, len(column)))
                values.append(coefficient)
        starts.append(len(indices))
        lower.append(-math.inf if low is None else low - form.constant)
        upper.append(math.inf if high is None else high - form.constant)
    (objective,) = model.component_data_objects(pyo.Objective, active=True)
    form = walk(objective.expr, objective.name)
    costs = {column.setdefault(key, len(column)): c for key, c in form.linear.items()}
    ordered = [variables[key] for key in column]
    bounds = [variable.bounds for variable in ordered]
    sign = 1.0 if objective.sense == pyo.minimize else -1.0

    lp = highspy.HighsLp()
    lp.num_row_, lp.num_col_ = len(lower), len(ordered)
    lp.col_cost_ = np.array([sign * costs.get(j, 0.0) for j in range(len(ordered))])
    lp.offset_ = sign * float(form.constant)
    lp.col_lower_ = np.array([-math.inf if low is None else low for low, _ in bounds])
    lp.col_upper_ = np.array([math.inf if high is None else high for _, high in bounds])
    kinds = highspy.HighsVarType
    lp.integrality_ = [kinds.kContinuous if v.is_continuous() else kinds.kInteger for v in ordered]
    lp.row_lower_, lp.row_upper_ = np.array(lower), np.array(upper)
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = np.array(starts, dtype=np.int32)
    lp.a_matrix_.index_ = np.array(indices, dtype=np.int32)
    lp.a_matrix_.value_ = np.array(values, dtype=float)
    return lp, ordered
