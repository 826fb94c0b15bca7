"""Proofs from multipliers, against exact arithmetic on fractions and enumeration."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from serflow_opt.backend.certifying import Relaxation, boxed, safe_bound, tree_bound
from serflow_opt.backend.linear import relaxing, solve_linear
from serflow_opt.backend.matrix import Matrix
from serflow_opt.ground.arrays import Floats
from serflow_opt.ground.deadline import NEVER, Deadline

INF = math.inf


def wholes(draw: np.random.Generator, *, spread: float = 1.0) -> Matrix:
    """Three columns of 0..3, two rows: numbers of a few digits, times powers of ten up to the spread."""
    rows = draw.integers(-9, 10, (2, 3)) * 10.0 ** draw.uniform(-spread, spread, (2, 3)).round()
    cost = draw.integers(-9, 10, 3) * 10.0 ** draw.uniform(-spread, spread, 3).round()
    right = (rows @ draw.integers(0, 4, 3)) + draw.choice([0.0, 0.0, 1.0], 2)
    matrix = Matrix.at_most(cost, rows, right, np.zeros(3), np.full(3, 3.0))
    return replace(matrix, whole=np.ones(3, dtype=bool))


def least(matrix: Matrix) -> Fraction | None:
    """The optimum over all points, exactly."""
    best = None
    row, rows = matrix.row.tolist(), len(matrix.row_low)
    for point in itertools.product(range(4), repeat=3):
        sums = [Fraction(0)] * rows
        for i, j, value in zip(row, matrix.index.tolist(), matrix.value.tolist(), strict=True):
            sums[i] += Fraction(value) * point[j]
        if all(own <= Fraction(most) for own, most in zip(sums, matrix.row_high.tolist(), strict=True)):
            value = sum((Fraction(c) * x for c, x in zip(matrix.cost.tolist(), point, strict=True)), Fraction(0))
            best = value if best is None else min(best, value)
    return best


def exactly(matrix: Matrix) -> float:
    best = least(matrix)
    return INF if best is None else float(best)


@pytest.mark.parametrize("spread", [0.0, 6.0, 15.0])
def test_any_multipliers_give_a_true_bound(spread: float) -> None:
    """Whatever multipliers a solver returns, the bound made of them never passes the best value in exact fractions."""
    draw = np.random.default_rng(3)
    for _ in range(40):
        matrix = wholes(draw, spread=spread)
        best = least(matrix)
        for _ in range(5):
            multipliers = draw.normal(size=2) * 10.0 ** draw.uniform(-spread, spread, 2)
            bound = safe_bound(matrix, multipliers, matrix.low, matrix.high)
            assert best is None or Fraction(bound) <= best
            if safe_bound(matrix, multipliers, matrix.low, matrix.high, feasibility=True) > 0:
                assert best is None


def test_the_multipliers_of_the_optimum_give_the_optimum() -> None:
    """Least x + 2 y with x + y >= 2, y >= x / 2 in [0, 9]: x = 4/3, y = 2/3, multipliers 4/3 and 2/3."""
    rows = np.array([[1.0, 1.0], [-0.5, 1.0]])
    matrix = Matrix.dense(
        np.array([1.0, 2.0]), rows, np.array([2.0, 0.0]), np.full(2, INF), np.zeros(2), np.full(2, 9.0)
    )
    found = solve_linear(matrix)
    assert found.values == pytest.approx([4 / 3, 2 / 3])
    assert found.multipliers == pytest.approx([4 / 3, 2 / 3])
    assert Fraction(found.bound) <= Fraction(8, 3)
    assert found.bound == pytest.approx(8 / 3, rel=1e-12)


def test_a_wrong_sign_counts_as_nothing() -> None:
    """x <= 1 has no lower side: a positive multiplier of it may not raise the bound."""
    matrix = Matrix.at_most(np.array([1.0]), np.array([[1.0]]), np.array([1.0]), np.zeros(1), np.array([5.0]))
    assert safe_bound(matrix, np.array([0.5]), matrix.low, matrix.high) == pytest.approx(0.0)
    assert safe_bound(matrix, np.array([math.nan]), matrix.low, matrix.high) == pytest.approx(0.0)


def test_an_endless_column_has_no_bound_without_a_cutoff() -> None:
    """Multipliers a little off leave a rest that an endless column makes endless; a known solution ends it."""
    matrix = Matrix.dense(
        np.array([1.0, 1.0]),
        np.array([[1.0, 1.0]]),
        np.array([3.0]),
        np.array([INF]),
        np.zeros(2),
        np.full(2, INF),
    )
    off = np.array([1.0 + 1e-12])
    assert safe_bound(matrix, off, matrix.low, matrix.high) == -INF
    low, high = boxed(matrix, cutoff=4.0)
    assert high == pytest.approx([4.0, 4.0])
    assert safe_bound(matrix, off, low, high) == pytest.approx(3.0, rel=1e-9)


def test_boxes_hold_every_solution() -> None:
    """No point that keeps the rows and the cutoff is outside the boxes propagated."""
    draw = np.random.default_rng(5)
    for _ in range(60):
        matrix = wholes(draw, spread=3.0)
        points = np.array(list(itertools.product(range(4), repeat=3)), dtype=float)
        table = np.zeros((2, 3))
        table[matrix.row, matrix.index] = matrix.value
        kept = points[(points @ table.T <= matrix.row_high).all(axis=1)]
        if not len(kept):
            continue
        cutoff = float(np.sort(kept @ matrix.cost)[len(kept) // 2])
        low, high = boxed(matrix, cutoff)
        for point in kept[kept @ matrix.cost <= cutoff]:
            assert (low <= point).all()
            assert (point <= high).all()


def test_boxes_split_reach_the_whole_optimum() -> None:
    """With the optimum as target the tree proves it, and never more."""
    draw = np.random.default_rng(7)
    proven = 0
    for _ in range(60):
        matrix = wholes(draw)
        best = exactly(matrix)
        checked = tree_bound(matrix, relaxing(matrix), best - 1e-9 * abs(best), NEVER, 200)
        assert checked.bound <= best
        proven += checked.bound >= best - 1e-9 * abs(best)
        one = tree_bound(matrix, relaxing(matrix), INF, Deadline(0), 200)
        assert one.boxes <= 1
        assert one.bound <= best
    assert proven >= 55


def test_a_solver_that_lies_proves_nothing() -> None:
    """Whatever is said of a box, the bound stays below the optimum, and what is feasible is not called empty."""
    draw = np.random.default_rng(11)
    for _ in range(60):
        matrix = wholes(draw)
        best = exactly(matrix)

        def lie(low: Floats, high: Floats) -> Relaxation:
            kind = draw.integers(3)
            multipliers = None if kind == 0 else draw.normal(size=2) * 10
            return Relaxation(multipliers, None if kind < 2 else draw.uniform(low, high))

        assert tree_bound(matrix, lie, INF, NEVER, 50).bound <= best


def test_a_ray_proves_that_there_is_no_solution() -> None:
    """x + y <= 1 and x + y >= 3."""
    rows = np.ones((2, 2))
    sides = np.array([-INF, 3.0]), np.array([1.0, INF])
    assert solve_linear(Matrix.dense(np.zeros(2), rows, *sides, np.zeros(2), np.full(2, 9.0))).bound == INF
