"""Markets with foresight, written alone into files that a person can check by hand."""

from __future__ import annotations

import pytest
from support.golden_parts import cases_of, holds


@pytest.mark.parametrize("name", cases_of("spot_foresight"))
def test_golden(name: str) -> None:
    """What serves, begins and is late is written as it was checked by hand."""
    holds(name)
