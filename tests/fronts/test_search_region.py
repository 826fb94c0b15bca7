"""Search regions by hand: which boxes are left beside points."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serflow_opt.fronts.search_region import SearchRegion, inside, shrunk

INF = math.inf


def test_two_objectives_by_hand() -> None:
    """Each point splits the open boxes it lies in, and a closed box stays closed."""
    zones = SearchRegion(2)
    assert zones.open == [(INF, INF)]
    zones.add((3.0, 5.0))
    assert sorted(zones.open) == [(3.0, INF), (INF, 5.0)]
    zones.add((4.0, 2.0))
    assert sorted(zones.open) == [(3.0, INF), (4.0, 5.0), (INF, 2.0)]
    zones.close((3.0, INF))
    assert zones.closed == [(3.0, INF)]
    zones.add((3.5, 3.0))
    assert sorted(zones.open) == [(3.5, 5.0), (4.0, 3.0), (INF, 2.0)]


def test_three_objectives_by_hand() -> None:
    """In three dimensions boxes inside others are left out."""
    zones = SearchRegion(3)
    zones.add((2.0, 2.0, 2.0))
    assert sorted(zones.open) == [(2.0, INF, INF), (INF, 2.0, INF), (INF, INF, 2.0)]
    zones.add((1.0, 3.0, 1.0))  # splits the first and the last of them; (1, INF, 2) lies inside (1, INF, INF)
    assert sorted(zones.open) == [(1.0, INF, INF), (2.0, 3.0, INF), (INF, 2.0, INF), (INF, 3.0, 2.0), (INF, INF, 1.0)]


def test_a_point_covers_what_is_little_better() -> None:
    """With a coverage, boxes shrink by its factor on either side of 0."""
    zones = SearchRegion(2, coverage=0.5)
    zones.add((3.0, -0.5))
    assert sorted(zones.open) == [(2.0, INF), (INF, -0.75)]
    assert shrunk(0.0, 0.5) == -0.5


@given(st.lists(st.tuples(*[st.integers(1, 6)] * 3), min_size=1, max_size=12), st.tuples(*[st.integers(0, 7)] * 3))
def test_a_place_is_open_exactly_when_no_point_covers_it(points: list[tuple[int, ...]], place: tuple[int, ...]) -> None:
    """The open boxes are exactly what no point covers: nothing is lost and nothing searched twice."""
    zones = SearchRegion(3)
    for point in points:
        zones.add(tuple(map(float, point)))
    covered = any(all(p <= y for p, y in zip(point, place, strict=True)) for point in points)
    assert any(inside(place, corner) for corner in zones.open) == (not covered)


def test_corners_inside_others_go() -> None:
    """No open box lies in another, and only an open one can be closed."""
    zones = SearchRegion(3)
    for point in ((1.0, 2.0, 3.0), (2.0, 1.0, 3.0), (2.0, 3.0, 1.0), (3.0, 2.0, 1.0)):
        zones.add(point)
    assert len(set(zones.open)) == len(zones.open)
    for a in zones.open:
        assert not any(a != b and all(x <= y for x, y in zip(a, b, strict=True)) for b in zones.open)
    with pytest.raises(ValueError, match="not in list"):
        zones.close((9.0, 9.0, 9.0))
