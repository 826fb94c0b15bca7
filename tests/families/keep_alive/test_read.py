"""What is wrong with a table of idle times or its prices is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.idle_times import write

import serflow_opt as so


@pytest.mark.parametrize(
    ("times", "keys", "place"),
    [
        ([(-1.0, 1)], {}, "idle_s"),
        ([(1.0, 0)], {}, "column count"),
        ([(0.0, 1)], {}, "rate_per_s"),
        ([(1.0, 1)], {"usd_per_gb_s": -1}, "usd_per_gb_s"),
        ([(1.0, 1)], {"memory_gb": 0}, "memory_gb"),
        ([(1.0, 1)], {"colour": 1}, "colour"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, times: Any, keys: dict[str, float], place: str) -> None:
    """File, place, value and cure."""
    with pytest.raises(so.InputError) as error:
        so.load(write(tmp_path, times, **keys))
    assert any(place in own.place for own in error.value.problems), error.value
