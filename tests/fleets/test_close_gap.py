"""The least value of a part of the plans of a service."""

from __future__ import annotations

import pytest

from serflow_opt.fleets.close_gap import least_priced


def test_the_least_value_of_a_part() -> None:
    """Cuts f + c >= 4 and f + 0.25 c >= 2 meet at f = 4/3, c = 8/3; at 0.5 a dollar that point is worth 8/3."""
    cuts = [(1.0, 4.0), (0.25, 2.0)]
    assert least_priced(0.5, cuts, 0.0, (0.0, 10.0)) == pytest.approx(8 / 3)
    assert least_priced(0.5, cuts, 0.0, (4.0, 10.0)) == pytest.approx(1.0 + 2.0)
    assert least_priced(0.5, cuts, 1.8, (0.0, 10.0)) == pytest.approx(1.8 + 0.5 * 2.2)
    assert least_priced(0.5, [], 1.0, (2.0, 3.0)) == 2.0
