"""The parts of joint thresholds on their own: diagrams and bounds against every combination of levels, counted."""

from __future__ import annotations

import math

import numpy as np
import pytest
from support.joint_grids import aim_for, drawn, least, outcomes

from serflow_opt.search.joint.diagram import best_below, undominated


@pytest.mark.parametrize("sides", [0, 1, 2])
@pytest.mark.parametrize("seed", range(25))
def test_diagrams_find_the_best_of_all_combinations(seed: int, sides: int) -> None:
    """A decision diagram finds the best levels of all, and none below a bound under the best."""
    grid, passed, most = drawn(seed)
    ways = outcomes(grid, passed, most)
    aim = aim_for(seed, grid, ways, sides)
    expected = least(aim, ways)
    answer = best_below(grid, aim, math.inf, np.full(sides, 0.1))
    assert answer.complete
    assert answer.value == pytest.approx(expected, rel=1e-8, abs=1e-9)
    if math.isfinite(expected):
        above = best_below(grid, aim, expected + 0.5)
        assert above.value == pytest.approx(expected, rel=1e-8, abs=1e-9)
        assert best_below(grid, aim, expected - 1e-6 * (1 + abs(expected))).levels is None


@pytest.mark.parametrize("seed", range(10))
def test_a_diagram_that_is_stopped_bounds_every_combination(seed: int) -> None:
    """A diagram that is stopped half way still promises nothing below the best."""
    grid, passed, most = drawn(seed)
    ways = outcomes(grid, passed, most)
    aim = aim_for(seed, grid, ways, 0)
    for children in (0, 3, 30):
        answer = best_below(grid, aim, math.inf, most=children)
        assert answer.bound <= least(aim, ways) + 1e-9


def test_of_equal_sets_only_what_is_not_beaten_stays() -> None:
    """States of the same samples are compared by what they spend and how many are right."""
    bits = np.zeros((5, 8), dtype=np.uint8)
    bits[3:, 0] = 255
    spent, right = np.array([[2.0], [1.0], [1.0], [9.0], [8.0]]), np.array([5.0, 3.0, 4.0, 1.0, 0.0])
    # row 1 spends as much as row 2 with fewer right; rows 0 and 2, and 3 and 4, are a trade
    assert undominated(bits, spent, right).tolist() == [0, 2, 3, 4]
    two = np.column_stack([spent, [0.0, 0.0, 5.0, 0.0, 0.0]])
    # with a second use row 1 has something for itself
    assert undominated(bits, two, right).tolist() == [0, 1, 2, 3, 4]
