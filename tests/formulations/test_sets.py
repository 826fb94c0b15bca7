"""Index sets and what they open."""

from __future__ import annotations

import dataclasses
import itertools
import random
from typing import Any

import pytest
from support import (
    tiny,
)

from serflow_opt.formulations.coefficients import SOURCE, Data
from serflow_opt.ground.tolerances import ROOM, SLACK
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.kinds import AS_IS


@pytest.mark.parametrize(
    ("changes", "slack"),
    [
        ({}, ROOM),
        ({"threshold_mode": "interpolated"}, SLACK),
        ({"threshold_mode": "randomized"}, SLACK),
        ({"threshold_mode": "randomized", "menus": (tiny.NO_CLASSIFIER, tiny.LAST)}, ROOM),  # nothing to choose
    ],
)
def test_limits_are_opened_by_room_where_all_choices_are_discrete(changes: dict[str, Any], slack: float) -> None:
    """Limits get the wider room only where no choice between rows could use it up."""
    assert Data(tiny.two_stages(**changes)).slack == slack


def test_slack_is_half_of_what_evaluation_forgives() -> None:
    """What the model may overstep is less than what the evaluator forgives."""
    from serflow_opt.ground.tolerances import TOLERANCE

    assert SLACK * 2 <= TOLERANCE


def test_a_variant_makes_payloads_smaller() -> None:
    """In int8 2, 1, 2 B cross before stage 2; the input is never smaller."""
    vm, fn = tiny.adapted().tiers
    data = Data(tiny.adapted(tiers=(vm, dataclasses.replace(fn, payload_max_bytes=1.5))))
    assert [hop for hop in data.hops if hop[2] == 1] == [(2, 2, 1, 1)]


def test_what_a_block_carries_over() -> None:
    """A variant is carried from stage to stage only inside the stages it covers."""
    data = Data(tiny.adapted())  # int8 is of stages 1 and 2
    assert [data.carried(1, e) for e in (SOURCE, 0, 2)] == [AS_IS, AS_IS, AS_IS]
    assert [data.carried(2, e) for e in (0, 1, 2, 3)] == [AS_IS, AS_IS, 0, 0]
    first = Data(tiny.adapted(variants=(tiny.INT8_FIRST,)))
    assert [first.carried(2, e) for e in (0, 1, 2, 3)] == [AS_IS] * 4
    assert first.places == [(1, 0), (1, 1), (1, 2), (1, 3), (2, 0), (2, 1)]


def test_a_block_is_not_left_half_way() -> None:
    """Without int8 of stage 2, that of stage 1 is of no use: what is on no path is left out."""
    allowed = {(s, e) for s in (1, 2) for e in range(4)} - {(2, 2), (2, 3)}
    assert Data(tiny.adapted(), allowed).places == [(1, 0), (1, 1), (2, 0), (2, 1)]


@pytest.mark.parametrize("instance", [tiny.three_tiers(), tiny.two_vms(), tiny.three_stages()])
@pytest.mark.parametrize("seed", range(10))
def test_places_are_those_of_whole_paths(seed: int, instance: Instance) -> None:
    """Of what is allowed, a place stays exactly where some sequence of runners from the source to an end has it."""
    draw = random.Random(seed)
    whole = Data(instance)
    steps = {(s, e, f) for s, e, f in whole.stays}
    into = {(whole.hub_entered(entry), entry[1]) for entry in whole.entries}
    steps |= {(hop[0], hop[1], f) for hop in whole.hops for hub, f in into if hub == whole.hub_left(hop)}
    allowed = {place for place in whole.places if draw.random() < 0.7}
    last = whole.last
    paths = itertools.product(range(len(whole.runners)), repeat=last)
    known = set()
    for path in paths:
        places = list(enumerate(path, start=1))
        moves = zip(range(1, last + 1), (SOURCE, *path), path, strict=False)
        if allowed.issuperset(places) and steps.issuperset(moves):
            known.update(places)
    assert not whole.ends
    assert set(Data(instance, allowed).places) == known
