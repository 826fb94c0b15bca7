"""Linear programmes by HiGHS, with bounds in arithmetic of their own."""

from __future__ import annotations

import math

import numpy as np
import pytest

from serflow_opt.backend.linear import SmallPrograms, relaxing, solve_linear
from serflow_opt.backend.matrix import Matrix

INF = math.inf


def cover() -> Matrix:
    """Least x + 2 y with x + y >= 2 and y >= x / 2, both in [0, 9]."""
    rows = np.array([[1.0, 1.0], [-0.5, 1.0]])
    return Matrix.dense(np.array([1.0, 2.0]), rows, np.array([2.0, 0.0]), np.full(2, INF), np.zeros(2), np.full(2, 9.0))


def test_the_optimum_and_its_multipliers_by_hand() -> None:
    """x = 4/3, y = 2/3 at 8/3; the multipliers 4/3 and 2/3 add up to it, and the bound is proven."""
    found = solve_linear(cover())
    assert found.values == pytest.approx([4 / 3, 2 / 3])
    assert found.multipliers == pytest.approx([4 / 3, 2 / 3])
    assert found.bound == pytest.approx(8 / 3)
    assert found.bound <= 8 / 3 * (1 + 1e-12)


def test_a_programme_without_a_solution_is_bounded_by_infinity() -> None:
    """x >= 3 in [0, 2] cannot be: no search above it needs to look further."""
    matrix = Matrix.dense(np.ones(1), np.ones((1, 1)), np.array([3.0]), np.array([INF]), np.zeros(1), np.full(1, 2.0))
    found = solve_linear(matrix)
    assert (found.bound, found.values) == (INF, None)


def test_one_solver_serves_programme_after_programme() -> None:
    """The same optimum as alone, an empty one in between, and the optimum again."""
    programs = SmallPrograms()
    empty = Matrix.dense(np.ones(1), np.ones((1, 1)), np.array([3.0]), np.array([INF]), np.zeros(1), np.full(1, 2.0))
    for _ in range(2):
        found = programs.solve(cover())
        assert found.bound == pytest.approx(8 / 3)
        assert found.bound <= 8 / 3
        assert found.multipliers == pytest.approx([4 / 3, 2 / 3])
        assert (programs.solve(empty).bound, programs.solve(empty).values) == (INF, None)
        assert programs.multipliers(cover()) == pytest.approx([4 / 3, 2 / 3])


def test_one_solver_serves_box_after_box() -> None:
    """The second box does not inherit the bounds of the first."""
    relax = relaxing(cover())
    low = np.zeros(2)
    tight = relax(low, np.array([1.0, 9.0]))
    assert tight.values == pytest.approx([1.0, 1.0])
    assert relax(low, np.full(2, 9.0)).values == pytest.approx([4 / 3, 2 / 3])
