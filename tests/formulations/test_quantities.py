"""Goals and limits that families share, written alone into a file that a person can check by hand."""

from __future__ import annotations

import pytest
from support.golden_parts import cases_of, holds


@pytest.mark.parametrize("name", cases_of("quantities"))
def test_golden(name: str) -> None:
    """Limits divided by their size and opened, and the goal, are written as they were checked by hand."""
    holds(name)
