"""Carbon of placements, written alone into files that a person can check by hand."""

from __future__ import annotations

import pytest
from support.golden_parts import cases_of, holds


@pytest.mark.parametrize("name", cases_of("carbon"))
def test_golden(name: str) -> None:
    """Grams by use, of machines rented whole, and their ceiling, are written as they were checked by hand."""
    holds(name)
