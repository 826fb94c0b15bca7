"""The witness of schedules, by hand, and what it finds broken."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.shifts import FUNCTION, MACHINE, written

import serflow_opt as so
from serflow_opt.families.shifting.evaluate import by_hour, served, value
from serflow_opt.families.shifting.problem import Shift


def test_values_by_hand(tmp_path: Path) -> None:
    """1/s moved; a machine in each hour, loaded with 2/s and 1/s; the function serves 1/s and 2/s."""
    data = so.load(written(tmp_path, "deferrable = 0.5\ndefer_h = 1\n", tables=MACHINE + FUNCTION)).data
    shift = Shift({(0, 1): 1.0}, ((1, 1),), ((2.0, 1.0),))
    assert served(data, shift) == [3.0, 3.0]
    (left, usd, grams), second = by_hour(data, shift)
    assert (left, usd, grams) == pytest.approx((1.0, 3 + 3600 * 4e-4, 108 + 3600 * 0.02))
    assert second == pytest.approx((2.0, 3 + 7200 * 4e-4, 7.2 + 7200 * 0.002))
    valued = value(data, shift)
    assert valued.values["deferred"] == pytest.approx(1 / 6)
    assert not valued.breaches


@pytest.mark.parametrize(
    ("shift", "limit"),
    [
        (Shift({(0, 1): 3.0}, ((1, 1),), ((1.0, 1.0),)), "deferred from hour 0"),
        (Shift({(1, 0): 1.0}, ((1, 1),), ((1.0, 1.0),)), "deferred too far from hour 1"),
        (Shift({}, ((1, 1),), ((3.0, 1.0),)), "load of m in hour 0"),
        (Shift({}, ((9, 9),), ((5.0, 1.0),)), "load of hour 0"),
        (Shift({}, ((1, 1),), ((2.0, 2.0),)), "served in hour 0"),
    ],
)
def test_what_cannot_be_is_a_breach(tmp_path: Path, shift: Shift, limit: str) -> None:
    """Too much waits, goes back in time, or is served by nobody."""
    data = so.load(written(tmp_path, "deferrable = 0.5\ndefer_h = 1\n", tables=MACHINE)).data
    assert limit in [breach.limit for breach in value(data, shift).breaches]
