"""The lower envelope of a menu against a plain minimum over its thresholds, and its inverse against its definition."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serflow_opt.search.envelope import Envelope

Menu = tuple[np.ndarray, np.ndarray]
SIXTEENTHS = 16
"""Rates and masses in sixteenths: lines that differ do so by much, and many are the same."""


@st.composite
def menus(draw: st.DrawFn) -> Menu:
    """Rates and masses e r: on a grid, where rates repeat and lines meet in one point, or anywhere."""
    count = draw(st.integers(1, 7))
    if draw(st.booleans()):
        share = st.integers(0, SIXTEENTHS).map(lambda n: n / SIXTEENTHS)
    else:
        share = st.floats(0.0, 1.0, allow_subnormal=False)
    rate = np.array(draw(st.lists(share, min_size=count, max_size=count)))
    accuracy = np.array(draw(st.lists(share, min_size=count, max_size=count)))
    return rate, rate * accuracy


multipliers = st.sampled_from([0.0, 1e-9, 0.25, 1.0, 3.0, 1e6]) | st.floats(1e-6, 1e6)
following = st.sampled_from([0.0, -1.0, 1.0, 0.5]) | st.floats(-1e6, 1e6)


def lines(menu: Menu, value: float, beta: float) -> np.ndarray:
    """(1 - e_l) V - β e_l r_l of every threshold."""
    rate, mass = menu
    return (1 - rate) * value - beta * mass


def phi(menu: Menu, value: float, beta: float) -> float:
    """φ(V): what the best threshold leaves."""
    return float(lines(menu, value, beta).min())


def rounding(value: float, beta: float) -> float:
    """What sums of the size of V and β may be off by."""
    return 1e-12 * (abs(value) + beta) + 1e-300


@given(menus(), st.lists(st.tuples(following, multipliers), min_size=1, max_size=6))
def test_best_attains_the_minimum_over_all_thresholds(menu: Menu, asked: list[tuple[float, float]]) -> None:
    """The threshold read off the envelope is as good as a plain minimum over all."""
    envelope = Envelope.of(*menu)
    value, beta = (np.array(column) for column in zip(*asked, strict=True))
    position = envelope.best(value, beta)
    rate, mass = envelope.leaving(position)
    levels = envelope.level[position]
    assert rate == pytest.approx(menu[0][levels], abs=1e-15)
    assert (mass == menu[1][levels]).all()
    for v, b, level in zip(value.tolist(), beta.tolist(), levels.tolist(), strict=True):
        assert lines(menu, v, b)[level] <= phi(menu, v, b) + rounding(v, b)


@given(menus())
def test_levels_are_those_that_win_somewhere(menu: Menu) -> None:
    """Steepest line first, breakpoints by size, and between two of them the line is the lowest."""
    envelope = Envelope.of(*menu)
    assert len(set(envelope.level.tolist())) == len(envelope.level) == len(envelope.breaks) + 1
    assert (np.diff(menu[0][envelope.level]) > 0).all()
    assert (np.diff(envelope.breaks) >= -1e-9 * (1 + np.abs(envelope.breaks[1:]))).all()
    for a, b, level in zip(envelope.breaks[:-1], envelope.breaks[1:], envelope.level[1:-1], strict=True):
        middle = (a + b) / 2
        assert lines(menu, middle, 1.0)[level] <= phi(menu, middle, 1.0) + rounding(middle, 1.0)


@given(menus(), following, multipliers)
def test_most_after_is_the_inverse(menu: Menu, most: float, beta: float) -> None:
    """φ of it is within what was asked, and φ of anything larger is beyond."""
    found = float(Envelope.of(*menu).most_after(np.array([most]), beta)[0])
    assert not math.isnan(found)
    if found == math.inf:  # however much follows, somebody's leaving keeps within it
        flat = menu[0] == 1
        assert flat.any()
        assert -beta * menu[1][flat].max() <= most + rounding(most, beta)
        return
    if found == -math.inf:  # all leave whatever threshold, and that is too much
        assert (menu[0] == 1).all()
        assert -beta * menu[1].max() > most - rounding(most, beta)
        return
    slack = rounding(most, beta) + rounding(found, beta)
    assert phi(menu, found, beta) <= most + slack
    more = found + 1e-6 * (abs(found) + beta + 1)
    slopes = 1 - menu[0]
    lowest = float(slopes[lines(menu, more, beta) <= phi(menu, more, beta) + slack].min())
    if lowest * (more - found) > 4 * slack:
        assert phi(menu, more, beta) > most


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), min_size=1, max_size=6), st.integers(-40, 40))
def test_inverse_exactly(shares: list[tuple[int, int]], eighths: int) -> None:
    """In eighths and with β = 1 nothing rounds but a division: every line by itself gives an upper bound on V."""
    rate = np.array([a / 8 for a, _ in shares])
    mass = rate * np.array([b / 8 for _, b in shares])
    most = eighths / 8
    each = [
        (most + m) / (1 - e) if e < 1 else (math.inf if most + m >= 0 else -math.inf)
        for e, m in zip(rate.tolist(), mass.tolist(), strict=True)
    ]
    found = float(Envelope.of(rate, mass).most_after(np.array([most]), 1.0)[0])
    assert found == pytest.approx(max(each), rel=1e-12, abs=1e-12)


@given(menus(), st.lists(following, min_size=2, max_size=8), multipliers)
def test_both_directions_never_fall(menu: Menu, values: list[float], beta: float) -> None:
    """The envelope and its inverse rise with what follows, on which bounds depend."""
    envelope, rising = Envelope.of(*menu), np.sort(np.array(values))
    rate, mass = envelope.leaving(envelope.best(rising, np.full(len(rising), beta)))
    for found in ((1 - rate) * rising - beta * mass, envelope.most_after(rising, beta)):
        for a, b in pairwise(found.tolist()):
            assert b >= a or b >= a - 1e-9 * (abs(a) + beta)


HALF_OR_ALL = (np.array([0.5, 1.0]), np.array([0.25, 0.75]))
"""Lines V / 2 - β / 4 and -3 β / 4: they meet at V = -β."""


@pytest.mark.parametrize(
    ("most", "beta", "after"),
    [
        (-1.0, 1.0, -1.5),  # V / 2 - 1/4 = -1
        (-0.5, 1.0, math.inf),  # all leave, for -3/4
        (-0.75, 1.0, math.inf),  # exactly good enough
        (-0.75 - 2**-40, 1.0, -1 - 2**-39),
        (-2.0, 2.0, -3.0),
        (0.0, 0.0, math.inf),  # φ(V) = min (V / 2, 0)
        (3.0, 0.0, math.inf),
        (-3.0, 0.0, -6.0),
    ],
)
def test_some_or_all_leave(most: float, beta: float, after: float) -> None:
    """What may still follow, for a menu of half or all, in exact binary fractions."""
    assert Envelope.of(*HALF_OR_ALL).most_after(np.array([most]), beta).tolist() == [after]


@pytest.mark.parametrize(
    ("most", "beta", "after"),
    [
        (-0.5, 1.0, math.inf),
        (-0.5 - 2**-40, 1.0, -math.inf),
        (0.0, 0.0, math.inf),
        (-(2.0**-40), 0.0, -math.inf),
        (math.inf, 1.0, math.inf),
        (-math.inf, 1.0, -math.inf),
        (math.inf, 0.0, math.inf),
        (-math.inf, 0.0, -math.inf),
    ],
)
def test_everybody_leaves(most: float, beta: float, after: float) -> None:
    """φ is -β / 2 whatever follows, as at a last stage."""
    assert Envelope.of(np.ones(1), np.full(1, 0.5)).most_after(np.array([most]), beta).tolist() == [after]


@pytest.mark.parametrize("beta", [0.0, 2.0])
@pytest.mark.parametrize("most", [-3.0, 0.0, 3.0, math.inf, -math.inf])
def test_nobody_leaves(most: float, beta: float) -> None:
    """φ(V) = V where there is no classifier."""
    assert Envelope.of(np.zeros(1), np.zeros(1)).most_after(np.array([most]), beta).tolist() == [most]


def test_of_equal_rates_the_most_accurate_counts() -> None:
    """Of rows with one rate only the most accurate is kept, and the break between rates is exact."""
    envelope = Envelope.of(np.array([0.5, 0.25, 0.5, 0.25]), np.array([0.25, 0.125, 0.375, 0.25]))
    assert envelope.level.tolist() == [3, 2]
    assert envelope.breaks.tolist() == [(0.25 - 0.375) / (0.75 - 0.5)]


def test_no_accuracy_at_all() -> None:
    """With β = 0 what follows is either worth having, and the fewest leave, or not, and the most do."""
    envelope = Envelope.of(np.array([0.25, 0.5, 0.75]), np.array([0.25, 0.375, 0.5]))
    position = envelope.best(np.array([-1.0, 1.0, 0.0]), np.zeros(3))
    assert envelope.level[position[:2]].tolist() == [0, 2]
    mixed = envelope.best(np.array([-1.0, 1.0, 100.0, -100.0]), np.array([0.0, 0.0, 1.0, 1.0]))
    assert envelope.level[mixed].tolist() == [0, 2, 2, 0]
