"""The table `ProfileTable`: what it takes and what it refuses."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from serflow_opt.problem.profile_table import ProfileTable


def test_what_it_takes_and_refuses() -> None:
    """How numbers were made is told in known words only."""
    assert ProfileTable.model_validate({"network": "net", "stages": 3}, strict=False) is not None
    with pytest.raises(ValidationError):
        ProfileTable.model_validate({"network": "net", "training": "maybe"}, strict=False)
