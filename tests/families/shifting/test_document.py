"""The tables of time-shifting: what they refuse."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from serflow_opt.families.shifting.document import ShiftingFunctionTable, ShiftingTables


def test_what_they_refuse() -> None:
    """Shares above 1 and a PUE below 1."""
    with pytest.raises(ValidationError):
        ShiftingTables.model_validate({"schema": 1, "kind": "shifting", "name": "n", "hours": "h", "deferrable": 1.5})
    with pytest.raises(ValidationError):
        ShiftingFunctionTable.model_validate({"grid": "g", "usd_per_million": 1.0, "pue": 0.5})
