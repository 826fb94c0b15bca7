"""Several cases in one model, written alone into a file that a person can check by hand."""

from __future__ import annotations

import pytest
from support.golden_parts import cases_of, holds


@pytest.mark.parametrize("name", cases_of("uncertainty"))
def test_golden(name: str) -> None:
    """Ties between cases, and what is minimised over them, are written as they were checked by hand."""
    holds(name)
