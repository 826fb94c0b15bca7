"""When what a search found counts as proven."""

from __future__ import annotations

import pytest

from serflow_opt.families.found import Found


@pytest.mark.parametrize(
    ("value", "bound", "gap", "proven"),
    [
        (100.0, 99.0, 0.01, True),  # exactly the gap
        (100.0, 99.0, 0.0099, False),
        (-1.0, -1.5, 0.5, True),
        (-1.0, -1.5, 0.4, False),
        (0.0, 0.0, 0.0, True),
        (0.0, -1.0, 0.5, False),
    ],
)
def test_a_decision_is_proven_within_the_gap_of_its_value(value: float, bound: float, gap: float, proven: bool) -> None:
    """The gap is relative to the value, whatever its sign, and met exactly it is met."""
    assert Found("any", {"cost": value}, value=value, bound=bound).proven(gap) is proven


def test_nothing_found_is_never_proven() -> None:
    """An infinite gap between nothing and its bound is not closed by any gap."""
    assert Found().empty
    assert not Found().proven(1e9)
