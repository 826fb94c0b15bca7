"""Models of any magnitudes: what HiGHS is given is never tighter, and finds what enumeration does."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest

from serflow_opt.backend.highs import HighsModel
from serflow_opt.backend.magnitudes import CHEAPEST, LEAST, is_comfortable, plain, scaled
from serflow_opt.backend.matrix import Matrix

INF = math.inf


def drawn(draw: np.random.Generator, spread: float) -> Matrix:
    """One way of each of two stages, at a time and a price, within a time: numbers of any magnitudes."""
    times, prices = 10.0 ** draw.uniform(-spread, spread, (2, 2, 3))
    limit = float(10.0 ** draw.uniform(-1, 1) * draw.choice(times.sum(axis=0)))
    pick = np.kron(np.eye(2), np.ones(3))
    rows = np.vstack([pick, times.ravel() / limit])
    low, high = np.array([1.0, 1.0, -INF]), np.array([1.0, 1.0, 1.0])
    matrix = Matrix.dense(prices.ravel(), rows, low, high, np.zeros(6), np.ones(6))
    return replace(matrix, whole=np.ones(6, dtype=bool))


def points(matrix: Matrix) -> list[tuple[float, np.ndarray]]:
    """All choices within the time, with their prices, cheapest first."""
    table = np.zeros((3, 6))
    table[matrix.row, matrix.index] = matrix.value
    found = []
    for a, b in itertools.product(range(3), repeat=2):
        x = np.zeros(6)
        x[[a, 3 + b]] = 1.0
        if table[2] @ x <= 1.0:
            found.append((float(matrix.cost @ x), x))
    return sorted(found, key=lambda pair: pair[0])


@pytest.mark.parametrize("spread", [0.5, 4.0, 9.0, 15.0])
def test_the_optimum_is_found_whatever_the_magnitudes(spread: float) -> None:
    """Numbers 30 powers of ten apart do not cost the optimum, and the bound stays below it."""
    draw = np.random.default_rng(1)
    for _ in range(25):
        matrix = drawn(draw, spread)
        right = points(matrix)
        outcome = HighsModel.of(matrix).solve()
        if not right:
            assert outcome.status == "infeasible"
            continue
        assert outcome.status == "optimal"
        assert outcome.objective == pytest.approx(right[0][0], rel=1e-6)
        assert outcome.bound <= right[0][0] * (1 + 1e-9)
        assert outcome.checked <= right[0][0]
        assert outcome.bound == pytest.approx(right[0][0], rel=1e-6)


@pytest.mark.parametrize("spread", [4.0, 12.0])
def test_what_is_scaled_holds_every_solution(spread: float) -> None:
    """Each choice within the time and the cutoff keeps all rows and bounds of the scaled model, and costs no less."""
    draw = np.random.default_rng(2)
    for _ in range(40):
        matrix = drawn(draw, spread)
        right = points(matrix)
        for cutoff in [INF, *(cost for cost, _ in right[:2])]:
            given = scaled(matrix, cutoff)
            for cost, x in right:
                if cost > cutoff:
                    continue
                assert given.matrix is not None
                inside = x / given.column
                assert (given.matrix.low <= inside).all()
                assert (inside <= given.matrix.high).all()
                sums = np.bincount(
                    given.matrix.row, given.matrix.value * inside[given.matrix.index], minlength=len(matrix.row_low)
                )
                assert (sums <= given.matrix.row_high * (1 + 1e-15)).all()
                assert (sums >= given.matrix.row_low * (1 - 1e-15)).all()
                worth = float(given.matrix.cost @ inside) + given.matrix.offset
                assert worth <= cost * given.objective * (1 + 1e-15)
                if math.isfinite(cutoff):  # what the objective lost is small beside it
                    assert worth >= cost * given.objective - 6 * CHEAPEST


def test_numbers_of_a_scaled_model_are_near_one() -> None:
    """What HiGHS is given lies where its tolerances are meant to be used."""
    draw = np.random.default_rng(3)
    for _ in range(40):
        matrix = drawn(draw, 15.0)
        assert not is_comfortable(matrix)
        given = scaled(matrix)
        if given.matrix is not None:
            assert np.abs(given.matrix.value).min() >= LEAST
            assert np.abs(given.matrix.value).max() <= 2.0
            assert np.abs(given.matrix.cost).max() <= 2.0**21


def test_comfortable_numbers_stay_as_they_are() -> None:
    """A model that needs no scaling is handed over unchanged, to the last digit."""
    matrix = drawn(np.random.default_rng(4), 0.5)
    assert is_comfortable(matrix)
    given = plain(matrix)
    assert given.matrix is not None
    assert np.array_equal(given.matrix.value, matrix.value)
    assert (given.column == 1).all()


def test_a_way_far_too_slow_is_out_whatever_it_is_paid() -> None:
    """Two ways, one takes 1e12 of the time there is and costs nothing: a tolerance of 1e-8 of it must not be taken."""
    rows = np.array([[1.0, 1.0], [1e12, 0.5]])
    matrix = Matrix.dense(
        np.array([0.0, 7.0]), rows, np.array([1.0, -INF]), np.array([1.0, 1.0]), np.zeros(2), np.ones(2)
    )
    outcome = HighsModel.of(replace(matrix, whole=np.array([False, True]))).solve()
    assert (outcome.status, outcome.objective) == ("optimal", pytest.approx(7.0))
    assert outcome.bound == pytest.approx(7.0)


def test_many_machines_are_told_from_few() -> None:
    """Machines for 125,000 at 2e-6 each against 125,000 at 1e-5, beside a way that takes seven billion of them."""
    rows = np.array([[1.0, 1.0, 1.0, 0.0, 0.0], [125e3, 0.0, 7.3e9, -1.0, 0.0], [0.0, 125e3, 0.0, 0.0, -1.0]])
    matrix = Matrix.dense(
        np.array([0.0, 0.0, 0.0, 2e-6, 1e-5]),
        rows,
        np.array([1.0, -INF, -INF]),
        np.array([1.0, 0.0, 0.0]),
        np.zeros(5),
        np.array([1.0, 1.0, 1.0, 7.4e9, 126e3]),
    )
    outcome = HighsModel.of(replace(matrix, whole=np.array([True, True, True, True, True]))).solve()
    assert (outcome.status, outcome.objective) == ("optimal", pytest.approx(0.25))
    assert outcome.bound == pytest.approx(0.25)


def test_a_ceiling_far_below_the_prices_leaves_nothing() -> None:
    """A row that tolerances would swallow still makes the model infeasible, by a proof of its own."""
    matrix = Matrix.at_most(np.array([1.0]), np.array([[-1e-18]]), np.array([-1.0]), np.zeros(1), np.ones(1))
    outcome = HighsModel.of(matrix).solve()
    assert outcome.status == "infeasible"
    assert outcome.checked == INF
