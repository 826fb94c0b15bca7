"""Undominated points against their definition, cells against theirs, and volumes against counted boxes."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serflow_opt.fronts.hypervolume import hypervolume
from serflow_opt.ground.dominance import BLOCK, cells, nondominated


def points_of(columns: int) -> st.SearchStrategy[list[tuple[int, ...]]]:
    """Few different values, so that points tie."""
    return st.lists(st.tuples(*[st.integers(0, 6)] * columns), min_size=0, max_size=40)


def undominated(points: list[tuple[int, ...]]) -> set[tuple[int, ...]]:
    """By definition: nothing else is at most as large everywhere."""
    return {p for p in points if not any(q != p and all(a <= b for a, b in zip(q, p, strict=True)) for q in points)}


@given(st.integers(1, 3).flatmap(points_of))
def test_nondominated_keeps_one_of_each_undominated_point(points: list[tuple[int, ...]]) -> None:
    """The points kept are those of the definition, equal ones once."""
    if not points:
        return
    array = np.array(points, dtype=float)
    kept = [tuple(map(int, row)) for row in array[nondominated(array)]]
    assert kept == sorted(undominated(points))


@pytest.mark.parametrize("kind", ["cube", "plane"])
def test_nondominated_beyond_a_block(kind: str) -> None:
    """Work in blocks keeps the same points, where nearly all or nearly none are dominated."""
    rng = np.random.default_rng(5)
    points = rng.random((5 * BLOCK, 3))
    if kind == "plane":
        points[:, 2] = 1.5 - points[:, 0] / 2 - points[:, 1] + rng.random(len(points)) / 20
    best = [not ((points <= point).all(axis=1) & (points < point).any(axis=1)).any() for point in points]
    assert sorted(nondominated(points).tolist()) == np.flatnonzero(best).tolist()
    assert not len(nondominated(np.empty((0, 3))))


@pytest.mark.parametrize("columns", [4, 5])
@pytest.mark.parametrize("count", [1, 40, 900])
def test_more_columns(columns: int, count: int) -> None:
    """Four and five columns follow the definition, too."""
    points = np.random.default_rng([columns, count]).integers(0, 5, (count, columns)).astype(float)
    kept = nondominated(points)
    for i, point in enumerate(points):
        beaten = ((points <= point).all(axis=1) & (points < point).any(axis=1)).any()
        alike = [j for j in kept.tolist() if (points[j] == point).all()]
        assert len(alike) == (0 if beaten else 1), i


@given(
    st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=20),
    st.sampled_from([1e-12, 1e-9, 1e-3, 0.5]),
)
def test_cells_keep_order_and_are_a_factor_wide(values: list[float], tolerance: float) -> None:
    """Numbers in one cell differ by rounding alone, and cells are in the order of numbers."""
    numbers = cells(np.array(values), tolerance)
    for (a, i), (b, j) in itertools.combinations(zip(values, numbers, strict=True), 2):
        assert (i - j) * (a - b) >= 0
        if i == j:
            small, large = sorted((abs(a), abs(b)))
            assert np.sign(a) == np.sign(b)
            assert large <= small * (1 + tolerance + 4e-13)  # logarithms are rounded, too


def test_cells_forgive_rounding_only() -> None:
    """0.3 and 0.1 + 0.2 are one value, 0.3 and a little more are two."""
    assert len(set(cells(np.array([0.3, 0.1 + 0.2]), 1e-12).tolist())) == 1
    assert len(set(cells(np.array([0.3, 0.3 * (1 + 1e-11)]), 1e-12).tolist())) == 2


@given(st.integers(2, 3).flatmap(points_of), st.integers(1, 6))
def test_hypervolume_counts_unit_boxes(points: list[tuple[int, ...]], reference: int) -> None:
    """The volume of whole points is the number of unit boxes they dominate, counted."""
    columns = len(points[0]) if points else 2
    inside = itertools.product(range(reference), repeat=columns)
    count = sum(any(all(a <= b for a, b in zip(p, box, strict=True)) for p in points) for box in inside)
    assert hypervolume(points, [reference] * columns) == count
