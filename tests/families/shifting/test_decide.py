"""Schedules as documents, and back."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.shifts import FUNCTION, MACHINE, written

import serflow_opt as so
from serflow_opt.families.shifting.decide import decided, told
from serflow_opt.families.shifting.problem import Shift


def test_there_and_back(tmp_path: Path) -> None:
    """What was decided is read again; hours that are missing or strange are refused."""
    data = so.load(written(tmp_path, "deferrable = 0.5\ndefer_h = 1\n", tables=MACHINE + FUNCTION)).data
    shift = Shift({(0, 1): 1.0}, ((1, 2),), ((2.0, 3.0),))
    document = told(data, shift)
    assert decided(data, document) == shift
    with pytest.raises(so.InputError, match="list all 2 hours"):
        decided(data, {"hours": document["hours"][:1]})
    document["hours"][0]["deferred"][0]["to_hour"] = 7
    with pytest.raises(so.InputError, match="another hour, and a rate"):
        decided(data, document)
