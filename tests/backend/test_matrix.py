"""Linear models as rows and columns."""

from __future__ import annotations

import numpy as np
import pyomo.core as pyo
import pyomo.environ  # noqa: F401  (registers the matrix writer)
import pytest

from serflow_opt.backend.highs import HighsModel
from serflow_opt.backend.matrix import Cuts, Matrix, binaries_of, compile_model


def model() -> pyo.ConcreteModel:
    """Most 3 x + y - 4 with 1 <= x + 2 y + z <= 5, x - 2 <= 0; z is fixed at 1, w is nowhere."""
    m = pyo.ConcreteModel()
    m.x, m.y = pyo.Var(bounds=(0, None), domain=pyo.Integers), pyo.Var(bounds=(0, 9))
    m.z, m.w, m.b = pyo.Var(initialize=1.0), pyo.Var(), pyo.Var(domain=pyo.Binary)
    m.z.fix(1.0)
    m.both = pyo.Constraint(expr=(1, m.x + 2 * m.y + m.z, 5))
    m.one = pyo.Constraint(expr=m.x - 2 <= 0)
    m.objective = pyo.Objective(expr=3 * m.x + m.y - 4, sense=pyo.maximize)
    return m


def test_a_model_becomes_its_rows_and_columns() -> None:
    """Constants and fixed variables move to the sides, a maximum becomes a minimum, what is nowhere has no column."""
    m = model()
    matrix, variables = compile_model(m)
    assert variables == [m.x, m.y]
    assert (matrix.cost.tolist(), matrix.offset) == ([-3.0, -1.0], 4.0)
    assert (matrix.row_low.tolist(), matrix.row_high.tolist()) == ([0.0, -np.inf], [4.0, 2.0])
    assert (matrix.index.tolist(), matrix.value.tolist(), matrix.row.tolist()) == (
        [0, 1, 0],
        [1.0, 2.0, 1.0],
        [0, 0, 1],
    )
    assert matrix.whole.tolist() == [True, False]
    assert not matrix.continuous().whole.any()


def test_what_is_not_linear_is_refused_by_name() -> None:
    """The user's own constraint is named, not an expression tree."""
    m = model()
    m.curved = pyo.Constraint(expr=m.x * m.y <= 1)
    with pytest.raises(ValueError, match="curved is not linear"):
        compile_model(m)


def test_cuts_are_further_rows() -> None:
    """Most x + y <= 3 in [0, 2]^2 is 3; a cut x <= 0.5 leaves 2.5."""
    plain = Matrix.at_most(-np.ones(2), np.ones((1, 2)), np.array([3.0]), np.zeros(2), np.full(2, 2.0))
    cut = plain.with_cuts(Cuts.of([1], [0], [1.0], [0.5]))
    assert [HighsModel.of(own).solve().objective for own in (plain, cut)] == pytest.approx([-3.0, -2.5])


def test_binaries_that_are_left_to_choose() -> None:
    """A fixed binary is no choice; a whole number is one that binaries do not tell."""
    m = model()
    found, only = binaries_of(m)
    assert (found, only) == ([m.b], False)
    for variable in (m.x, m.y, m.w):
        variable.fix(0)
    assert binaries_of(m) == ([m.b], True)
    m.b.fix(1)
    assert binaries_of(m) == ([], True)
