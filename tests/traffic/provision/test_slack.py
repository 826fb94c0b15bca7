"""Deployments with ever more slack: which step comes next, and where they end."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import pytest
from support.provision_by_head import MACHINES, pricing, served, structure_of, whole

from serflow_opt.traffic.provision.slack import SlackLadder
from serflow_opt.traffic.provision.waits import Size
from serflow_opt.traffic.service import Block


@pytest.fixture(scope="module")
def block() -> Block:
    priced = pricing(whole())
    return served(priced, structure_of(priced, ((0, 1), MACHINES)), 0, 0).blocks[0]


def sizes_of(ladder: SlackLadder, n: int) -> list[tuple[int, int | None]]:
    return [(own.count, own.room) for own in ladder[n].sizes]


def places(sizes: Sequence[Size]) -> tuple[float, float]:
    """What a machine costs 9 of, a place fewer 1, and what places take each a hundredth."""
    rooms = [own.room or 0 for own in sizes]
    return 9.0 * sum(own.count for own in sizes) - sum(rooms), sum(rooms) / 100


def test_the_step_that_takes_most_off_for_its_money_comes_first(block: Block) -> None:
    """Places fall 10, 8, 7, .. where a machine takes nothing off, and the ladder ends where nobody waits."""
    ladder = SlackLadder([Size(3, 10)], [block], places, keep_rooms=False)
    assert [sizes_of(ladder, n) for n in range(3)] == [[(3, 10)], [(3, 8)], [(3, 7)]]
    assert ladder.last(100) == 9
    assert sizes_of(ladder, 100) == [(3, 0)]
    assert ladder.base == 0.0


def test_machines_are_added_where_they_take_more_off(block: Block) -> None:
    """If a machine costs 9 and halves what is taken, and a place fewer takes off next to nothing, it is the machine."""

    def valuation(sizes: Sequence[Size]) -> tuple[float, float]:
        return 9.0 * sizes[0].count - (sizes[0].room or 0), 0.5 ** sizes[0].count + 1e-9 * (sizes[0].room or 0)

    ladder = SlackLadder([Size(1, 10)], [block], valuation, keep_rooms=False)
    assert [sizes_of(ladder, n) for n in range(3)] == [[(1, 10)], [(2, 10)], [(3, 10)]]


def test_what_waits_alone_gets_the_cheapest_machine_that_is_left(block: Block) -> None:
    """Nothing known of waits: the cheaper of two, as long as there are more of it; places may have to stay."""
    dear = replace(block, machines=(replace(block.machines[0], usd_per_s=9.0, machines_max=2),))
    cheap = replace(block, machines=(replace(block.machines[0], usd_per_s=1.0, machines_max=3),))

    def rent(sizes: Sequence[Size]) -> tuple[float, float]:
        return 9.0 * sizes[0].count + sizes[1].count, math.nan

    ladder = SlackLadder([Size(1, None), Size(2, None)], [dear, cheap], rent, keep_rooms=True)
    assert [sizes_of(ladder, n)[0][0] * 10 + sizes_of(ladder, n)[1][0] for n in range(4)] == [12, 13, 23, 23]
    assert ladder.last(5) == 2
    assert SlackLadder([Size(1, 5)], [cheap], places, keep_rooms=True).last(5) == 0


def test_the_first_within_is_as_far_as_steps_help(block: Block) -> None:
    """The first that takes no more; the end of the range or of the ladder; where nothing is taken off, that one."""
    ladder = SlackLadder([Size(3, 60)], [block], places, keep_rooms=False)
    assert [sizes_of(ladder, ladder.first_within(taken, 1, 200))[0][1] for taken in (0.6, 0.33, 0.1)] == [50, 33, 10]
    assert ladder.first_within(0.1, 1, 3) == 3
    assert ladder.first_within(-1.0, 1, 200) == ladder.last(1000) + 1
    flat = SlackLadder([Size(3, 60)], [block], lambda sizes: (places(sizes)[0], 1.0), keep_rooms=False)
    assert flat.first_within(0.5, 1, 200) == 1
