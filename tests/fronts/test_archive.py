"""Points of a front and the corners they leave, against going through all places."""

from __future__ import annotations

import numpy as np
import pytest

from serflow_opt import kernels
from serflow_opt.fronts.archive import Archive, Room, corners_of, covered


def test_beaten_points_go_and_take_their_plans_along() -> None:
    """(2, 2) is beaten by (1, 2), (1, 2) stays once, (3, 1) is a trade; placements and thresholds follow."""
    archive = Archive.empty(2, 1)
    archive.add(np.array([[2.0, 2.0], [3.0, 1.0]]), np.array([0, 1]), np.array([[0], [1]]))
    archive.add(np.array([[1.0, 2.0], [1.0, 2.0]]), np.array([2, 3]), np.array([[2], [3]]))
    order = np.argsort(archive.points[:, 0])
    assert archive.points[order].tolist() == [[1.0, 2.0], [3.0, 1.0]]
    assert archive.placement[order].tolist()[1] == 1
    assert archive.levels.shape == (2, 1)
    archive.add(np.empty((0, 2)), np.empty(0, np.int64), np.empty((0, 1), np.int64))
    assert len(archive.points) == 2


def test_a_gap_brings_points_closer_on_both_sides_of_zero() -> None:
    """Half as good again: 3 becomes 2, -2 becomes -3, and 0 a hair less than 0."""
    archive = Archive(np.array([[3.0, -2.0], [0.0, 9.0]]), np.zeros(2, np.int64), np.zeros((2, 1), np.int64))
    first, second = archive.covering(0.5).tolist()
    assert (second, first[1]) == ([2.0, -3.0], 6.0)
    assert -1e-9 < first[0] < 0


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("objectives", [1, 2, 3])
def test_corners_hold_exactly_what_no_point_covers(
    objectives: int, compiled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of all places on a small grid, those below some corner are those that no point is nowhere above."""
    if compiled and not kernels.compiled:
        pytest.skip("kernels are not compiled here")
    monkeypatch.setattr(kernels, "compiled", compiled)
    rng = np.random.default_rng(objectives)
    most = np.full(objectives, 5.0)
    for count in (0, 1, 6):
        points = rng.integers(0, 6, (count, objectives)).astype(float)
        corners = corners_of(points, most)
        places = np.stack(np.meshgrid(*[np.arange(5.0)] * objectives), axis=-1).reshape(-1, objectives)
        below = (places[:, None] < corners[None]).all(axis=2).any(axis=1)
        over = np.array([any((p <= place).all() for p in points) for place in places])
        assert below.tolist() == (~over).tolist()
        ordered = points[np.argsort(points[:, 0], kind="stable")]
        if count:
            assert covered(places, ordered).tolist() == over.tolist()


@pytest.mark.parametrize("decided", [0, 1, 2])
@pytest.mark.parametrize("varying", [1, 2, 3, 4])
def test_room_that_is_kept_is_that_of_the_points_no_worse(decided: int, varying: int) -> None:
    """Placement by placement, points coming in between, in whatever order: corners are those made anew."""
    rng = np.random.default_rng([decided, varying])
    columns = decided + varying
    archive, most = Archive.empty(columns, 1), np.full(varying, 9.0)
    rooms = [Room(archive, gap, np.arange(decided), np.arange(decided, columns), most) for gap in (0.0, 0.25)]
    for step in range(12):
        points = rng.integers(0, 9, (3, columns)).astype(float)
        archive.add(points, np.zeros(3, np.int64), np.zeros((3, 1), np.int64))
        own = np.full(decided, step) if step < 8 else rng.integers(0, 9, decided).astype(float)
        for room in rooms:
            covering = archive.covering(room.gap)
            rivals = covering[(covering[:, :decided] <= own).all(axis=1)]
            anew = corners_of(rivals[:, decided:], most)
            left = room.corners(own)
            places = rng.integers(-1, 9, (200, varying)).astype(float)
            assert [(p < anew).all(axis=1).any() for p in places] == [(p < left).all(axis=1).any() for p in places]
