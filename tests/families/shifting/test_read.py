"""Instances of time-shifting as they are read: grams by hour, and all that is wrong with one."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.shifts import FUNCTION, MACHINE, written

import serflow_opt as so


def test_grams_by_hour(tmp_path: Path) -> None:
    """100 W idle and 200 W more at 360 and 36 g/kWh are 36 and 72 g, then a tenth."""
    (machine,) = so.load(written(tmp_path, "", tables=MACHINE)).data.machines
    assert machine.on_g == pytest.approx((36.0, 3.6))
    assert machine.busy_g == pytest.approx((72.0, 7.2))


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        ("", "nothing to serve with"),
        (FUNCTION.replace('"g"', '"h"'), "function.grid"),
        (MACHINE.replace("[100.0, 300.0]", "[300.0, 100.0]"), "write [idle, full]"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, tables: str, words: str) -> None:
    """Grids that there are not, watts the wrong way round, nothing to run on."""
    with pytest.raises(so.InputError) as caught:
        so.load(written(tmp_path, "", tables=tables))
    assert words in str(caught.value)
