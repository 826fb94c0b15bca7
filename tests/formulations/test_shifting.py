"""Time-shifting, written into a file that a person can check by hand."""

from __future__ import annotations

import pytest
from support.golden_parts import cases_of, holds


@pytest.mark.parametrize("name", cases_of("shifting"))
def test_golden(name: str) -> None:
    """What may wait, who serves what, and money with carbon, are written as they were checked by hand."""
    holds(name)
