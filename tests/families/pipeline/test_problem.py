"""Mini-batches in flight."""

from __future__ import annotations

import pytest

from serflow_opt.families.pipeline.problem import in_flight


@pytest.mark.parametrize(
    ("replicas", "behind", "more", "expected"),
    [
        (1, 0, 0, 1),  # the last stage has one
        (1, 0, 5, 1),  # and nothing on links behind it
        (1, 3, 0, 4),  # PipeDream: as many as there are stages from here on
        (2, 3, 0, 3),  # ceil(5 / 2)
        (2, 3, 1, 4),
    ],
)
def test_enough_for_all_behind_to_work_at_once(replicas: int, behind: int, more: int, expected: int) -> None:
    """Memory is counted by these; one too few would starve workers, one too many would not fit."""
    assert in_flight(replicas, behind, more) == expected
