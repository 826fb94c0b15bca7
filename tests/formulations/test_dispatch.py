"""Dispatch, written into a file that a person can check by hand."""

from __future__ import annotations

import pytest
from support.golden_parts import cases_of, holds


@pytest.mark.parametrize("name", cases_of("dispatch"))
def test_golden(name: str) -> None:
    """Who serves what, who starts and stops, what waits, and the limit on carbon are written as checked by hand."""
    holds(name)
