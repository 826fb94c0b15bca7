"""Slices of cards, and instances on servers."""

from __future__ import annotations

import pytest

from serflow_opt.families.cluster.problem import FilledServers, ServerType


@pytest.mark.parametrize(
    ("layouts", "piece", "part"),
    [
        ((("2g", "1g"), ("1g", "1g", "1g")), "1g", 1 / 3),
        ((("2g", "1g"), ("1g", "1g", "1g")), "2g", 2 / 3),
        ((("half", "half"), ("third", "third", "third")), "third", 1 / 3),  # names without a number: by how many fit
        ((("half", "half"),), "1g", 0.0),
        ((), "1g", 0.0),
    ],
)
def test_what_part_of_a_card_a_slice_is(layouts: tuple[tuple[str, ...], ...], piece: str, part: float) -> None:
    """By its number where all have one, else by how many fit; a slice that no layout has is none."""
    assert ServerType("s", 1.0, 1, False, layouts, 1.0, 1).part(piece) == pytest.approx(part)


def test_instances_of_a_server_are_counted_with_those_on_cards() -> None:
    """What is on cores and on each card, in that order, each as often as it is there."""
    assert FilledServers(0, (1, 1), ((2,), (2, 3)), 5).configs == (1, 1, 2, 2, 3)
