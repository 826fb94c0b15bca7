"""What machines carry of random and of evenly spaced requests."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serflow_opt.traffic.carrying import Carrying

caps = st.floats(0.2, 1.0)
ways = st.sampled_from(["random", "smooth"])
loads = st.floats(1e-3, 60.0)


def test_what_machines_carry() -> None:
    """Two servers, load 2: smooth min(2, 0.8 x 2) = 1.6; random 2 (1 - 0.4) = 1.2, capped at 0.5 x 2 = 1."""
    load = np.array([2.0])
    assert Carrying("smooth", 0.8).carried(2, load) == pytest.approx([1.6])
    assert Carrying("random", 0.8).carried(2, load) == pytest.approx([1.2])
    assert Carrying("random", 0.5).carried(2, load) == pytest.approx([1.0])
    assert Carrying("random", 0.5).carried(0, load) == pytest.approx([0.0])


@given(ways, caps, st.integers(0, 40), st.lists(loads, min_size=1, max_size=5), loads)
def test_lines_are_above_and_touch(way: Any, cap: float, servers: int, points: list[float], load: float) -> None:
    """The lines that stand for a concave curve in the model cut off nothing, and are exact at their points."""
    carrying = Carrying(way, cap)
    lines = carrying.lines(servers, np.array(points))

    def least(at: float) -> float:
        return min(slope * at + intercept for slope, intercept in lines)

    assert least(load) >= carrying.carried(servers, np.array([load]))[0] - 1e-9 * max(load, 1.0)
    for point in points:
        assert least(point) == pytest.approx(carrying.carried(servers, np.array([point]))[0], rel=1e-9, abs=1e-9)
    assert all(0 <= slope <= 1 for slope, _ in lines)


@given(ways, caps, st.integers(0, 12), st.integers(1, 5), st.lists(loads, min_size=1, max_size=4))
def test_each_is_carried_of_every_count(way: Any, cap: float, most: int, workers: int, points: list[float]) -> None:
    """The table by count has in each row what one call for that count returns."""
    carrying, at = Carrying(way, cap), np.array(points)
    rows = carrying.each(most, workers, at)
    assert rows.shape == (most + 1, len(points))
    for n, row in enumerate(rows):
        assert row == pytest.approx(carrying.carried(n * workers, at), rel=1e-12, abs=1e-15)


@given(ways, caps, st.integers(0, 30), loads, loads)
def test_more_load_or_servers_carry_more(way: Any, cap: float, servers: int, a: float, b: float) -> None:
    """What machines carry rises with load and servers, is concave in load and never above it: bounds rest on that."""
    carrying, ends = Carrying(way, cap), np.array([a, (a + b) / 2, b])
    left, middle, right = carrying.carried(servers, ends)
    assert (right - left) * (b - a) >= -1e-12
    assert middle >= (left + right) / 2 - 1e-9  # concave
    assert (carrying.carried(servers + 1, ends) >= carrying.carried(servers, ends) - 1e-12).all()
    assert (carrying.carried(servers, ends) <= ends + 1e-12).all()


@pytest.mark.parametrize("servers", [1, 3, 8])
@pytest.mark.parametrize("room", [1, 4, 11])
def test_what_is_carried_is_concave_where_some_wait(servers: int, room: int) -> None:
    """M/M/c/K state by state in fractions: second differences are below 0, and lines have the slope between."""

    def carried(load: Fraction) -> Fraction:
        weights = [Fraction(1)]
        for n in range(1, servers + room + 1):
            weights.append(weights[-1] * load / min(n, servers))
        return load * (1 - weights[-1] / sum(weights))

    step = Fraction(1, 1000)
    for load in (Fraction(1, 3), Fraction(servers), Fraction(7 * servers, 5)):
        below, here, above = (carried(own) for own in (load - step, load, load + step))
        assert below + above < 2 * here
        slope, start = Carrying("random", 1.0).lines(servers, np.array([float(load)]), room)[1]
        assert slope == pytest.approx(float((above - below) / (2 * step)), abs=1e-6)
        assert start + slope * float(load) == pytest.approx(float(here), rel=1e-12)
