"""Pools of spot machines, written alone into files that a person can check by hand."""

from __future__ import annotations

import pytest
from support.golden_parts import cases_of, holds


@pytest.mark.parametrize("name", cases_of("spot_pools"))
def test_golden(name: str) -> None:
    """Choices, and the probabilities that pass by them, are written as they were checked by hand."""
    holds(name)
