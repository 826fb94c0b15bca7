"""A year's bill by hand."""

from __future__ import annotations

import numpy as np
import pytest

from serflow_opt.families.commitment.evaluate import account, value
from serflow_opt.families.commitment.problem import CommitmentPlan, Commitments

WIDE = CommitmentPlan("wide", 36, 1.0, {0: 0.8, 1: 1.0}, 0.0)
DATA = Commitments(("a", "b"), (1.0, 2.0), np.array([1.0, 3.0]), np.array([[2.0, 0.0], [1.0, 1.0]]), (WIDE,))
"""A quarter of the time two of a; else one of a and one of b, which a plan covers at half of its price."""


def test_a_plan_covers_first_what_saves_most() -> None:
    """Of 1.4 USD an hour b takes 1 and half an a 0.4; where two of a are rented alone, 1.4 / 0.8 of them."""
    own = account(DATA, (1.4,))
    assert own.covered[0].tolist() == [[pytest.approx(1.75), 0.0], [pytest.approx(0.5), 1.0]]
    assert own.on_demand == pytest.approx(8760 * (0.25 * 0.25 + 0.75 * 0.5))
    assert own.used.tolist() == pytest.approx([8760 * 1.4])
    assert own.saved.tolist() == pytest.approx([8760 * (0.25 * 1.75 + 0.75 * 2.5)])


def test_what_is_paid_at_the_start() -> None:
    """Three years of 1.4 USD an hour, all of it; a year of it counts as cost."""
    values = value(DATA, (1.4,)).values
    assert values["upfront"] == pytest.approx(3 * 8760 * 1.4)
    assert values["committed"] == pytest.approx(8760 * 1.4)
    assert values["cost"] == pytest.approx(8760 * (1.4 + 0.25 * 0.25 + 0.75 * 0.5))
