"""Commitments, written alone into files that a person can check by hand."""

from __future__ import annotations

import pytest
from support.golden_parts import cases_of, holds


@pytest.mark.parametrize("name", cases_of("commitments"))
def test_golden(name: str) -> None:
    """Amounts, what they cover, and a year's money are written as they were checked by hand."""
    holds(name)
