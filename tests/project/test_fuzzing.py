"""A few damaged files; `fuzzing.py` tries thousands."""

from __future__ import annotations

import pytest
from fuzzing import attempt


@pytest.mark.parametrize("first", range(0, 40, 10))
def test_damaged_files_are_read_or_refused_in_words(first: int) -> None:
    """Damaged files never end in a traceback, a hang or half a document."""
    went_wrong = {seed: said for seed in range(first, first + 10) if (said := attempt(seed)[2])}
    assert went_wrong == {}
