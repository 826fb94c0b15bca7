"""Lines below what is known by cells: by hand, and below every function with such least values."""

from __future__ import annotations

import numpy as np
import pytest

from serflow_opt.traffic.provision.below import lines_below


def test_a_line_meets_the_least_of_a_cell_at_its_right_end() -> None:
    """Of cells to 1, 2, 3 with 0, 1, 4 at least the hull goes from (1, 0) by (2, 1) to (3, 4)."""
    lines = lines_below(np.array([0.0, 1.0, 2.0, 3.0]), np.array([0.0, 1.0, 4.0]), [0.5, 1.5, 2.5])
    assert np.array(lines) == pytest.approx(np.array([(0.0, 0.0), (1.0, -1.0), (3.0, -5.0)]))


def test_cells_without_the_function_do_not_count() -> None:
    """Where it is nowhere in any nothing is told; where it is in one, that."""
    ends = np.array([1.0, 2.0, 4.0])
    assert lines_below(ends, np.array([np.inf, np.inf]), [1.5]) == [(0.0, 0.0)]
    assert lines_below(ends, np.array([3.0, np.inf]), [1.5]) == [(0.0, 3.0)]


@pytest.mark.parametrize("seed", range(20))
def test_no_line_is_above_a_cell(seed: int) -> None:
    """At both ends of each cell every line is at most the least there, be it rising or not."""
    rng = np.random.default_rng(seed)
    ends, least = np.cumsum(rng.uniform(0.1, 1.0, 9)), rng.uniform(0.0, 1.0, 8) * rng.uniform(0.0, 2.0, 8).cumsum()
    for slope, start in lines_below(ends, least, np.linspace(ends[0], ends[-1], 7).tolist()):
        assert slope >= 0
        assert (start + slope * ends[1:] <= least + 1e-12).all()
