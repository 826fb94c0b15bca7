"""Windows of keep-alive, written alone into files that a person can check by hand."""

from __future__ import annotations

import pytest
from support.golden_parts import cases_of, holds


@pytest.mark.parametrize("name", cases_of("keep_alive"))
def test_golden(name: str) -> None:
    """Openings and ends of windows are written as they were checked by hand."""
    holds(name)
