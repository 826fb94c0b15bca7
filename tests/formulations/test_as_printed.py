"""The survey's own cost, written alone into files that a person can check by hand."""

from __future__ import annotations

import pytest
from support.golden_parts import cases_of, holds


@pytest.mark.parametrize("name", cases_of("as_printed"))
def test_golden(name: str) -> None:
    """The printed formula is written as it was checked by hand, with nothing put right in silence."""
    holds(name)
