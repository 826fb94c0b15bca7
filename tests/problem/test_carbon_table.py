"""The table `CarbonTable`: what it takes and what it refuses."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from serflow_opt.problem.carbon_table import CarbonTable


def test_what_it_takes_and_refuses() -> None:
    """A PUE below 1 is none, and intensities are not negative."""
    assert CarbonTable.model_validate({"g_per_kwh": 100, "pue": 1.2}, strict=False) is not None
    with pytest.raises(ValidationError):
        CarbonTable.model_validate({"pue": 0.9}, strict=False)
