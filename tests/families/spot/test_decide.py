"""Pools in documents."""

from __future__ import annotations

import pytest

import serflow_opt as so
from serflow_opt.families.spot.decide import decided, obstacles, others, told
from serflow_opt.families.spot.problem import SpotOffer, SpotPool

SPOT = SpotOffer("spot", "spot", None, 0.4 / 3600, 1, 5, 300.0, 100.0)
STEADY = SpotOffer("steady", "on-demand", None, 1.0 / 3600, 1, 5)
POOL = SpotPool((SPOT, STEADY), (), (), frozenset(), (1.0, 1.0, *[0.0] * 9), 2)


def test_documents_and_back() -> None:
    """Two spot machines, up for three quarters, paid as long: 0.6 USD an hour, 1.5 workers."""
    document = told(POOL, (2, 0))
    assert document["pool"][0] == {
        "offer": "spot", "term": "spot", "machines": 2, "up": 0.75, "usd_per_hour": pytest.approx(0.6),
    }  # fmt: skip
    assert document["workers_mean"] == pytest.approx(1.5)
    assert document["all_gone"] == pytest.approx(1 / 16)
    assert decided(POOL, document) == (2, 0)
    assert decided(POOL, {"pool": []}) == (0, 0)


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ({}, "pool"),
        ({"pool": [{"offer": "spt", "machines": 1}]}, "pool[1].offer"),
        ({"pool": [{"offer": "spot", "machines": 6}]}, "pool[1].machines"),
        ({"pool": [{"offer": "spot", "machines": 1.5}]}, "pool[1].machines"),
    ],
)
def test_what_cannot_be_rented(document: dict[str, object], place: str) -> None:
    """Unknown offers, more than there are, parts of machines."""
    with pytest.raises(so.InputError) as error:
        decided(POOL, document)
    assert [problem.place for problem in error.value.problems] == [place]


def test_what_simpler_rules_come_to() -> None:
    """Two steady ones; four on spot keep 15/16 - 4 x 3/256: 0.949; two, or three, of the cheapest."""
    by = {own.name: own.values for own in others(POOL, {"availability": -0.9})}
    assert by["on demand"]["cost"] == pytest.approx(2.0)
    assert by["spot alone"]["cost"] == pytest.approx(4 * 0.3)
    assert by["cheapest, no spare"]["availability"] == pytest.approx(9 / 16)
    assert by["cheapest, on average"]["availability"] == pytest.approx(27 / 64 * 2)


def test_what_stands_in_the_way() -> None:
    """More workers are needed than there may be."""
    assert "all 10 workers" in obstacles(SpotPool((SPOT, STEADY), (), (), frozenset(), (1.0,) * 11, 11), {})[0]
    assert obstacles(POOL, {}) == []
