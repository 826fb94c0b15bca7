"""What a block costs at least by its work: steps, what they rule out, and lines below them."""

from __future__ import annotations

import math

import numpy as np

from serflow_opt.traffic.provision.profile import Profile

STEPS = Profile(np.array([0.0, 1.0, 2.0, 3.0]), np.array([1.0, 2.0, 2.0, 5.0]))


def test_dear_work_is_out_of_reach() -> None:
    """Whoever pays 2 makes 3 s of work a request at most; exactly 2 is still affordable, less than 1 buys nothing."""
    assert STEPS.most_work(2.0) == 3.0
    assert STEPS.most_work(1.9) == 1.0
    assert STEPS.most_work(0.5) == 1.0  # the first cell is always looked at
    assert STEPS.most_work(math.inf) == 3.0


def test_lines_stay_below_the_steps() -> None:
    """A bound by a line must cut off nothing: in a cell its right end is at most the cost at the left one."""
    for cells in (1, 2, 3):
        slope, intercept = STEPS.line(cells)
        for k in range(cells):
            assert slope * STEPS.grid[k + 1] + intercept <= STEPS.costs[k] + 1e-12
        assert slope >= 0


def test_work_that_cannot_be_done_has_no_line() -> None:
    """Where even the least work costs without end, so does the block."""
    assert Profile(np.array([1.0, 2.0]), np.full(2, math.inf)).line(1) == (0.0, math.inf)
