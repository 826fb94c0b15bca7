"""Hours that requests may be moved to."""

from __future__ import annotations

from serflow_opt.families.shifting.problem import ShiftingProblem


def test_hours_that_are_later() -> None:
    """Two hours later at most: to the end of the day, or round it."""
    base = (0.5, 2)
    assert ShiftingProblem((1.0,) * 4, *base, False, (), 0.0, (), 0.0).later(2) == [3]
    assert ShiftingProblem((1.0,) * 4, *base, True, (), 0.0, (), 0.0).later(2) == [3, 0]
    assert ShiftingProblem((1.0,) * 2, *base, True, (), 0.0, (), 0.0).later(0) == [1]
