"""How many may wait: by sums of the Poisson distribution, by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from serflow_opt.traffic.control.slack import MARGIN, TAIL, allowed_late, slack_of, worst_s
from serflow_opt.traffic.service import Block, Function, Machine, Service

FAST = Machine("fast", 1e-5, 1, (0.1, 0.1), sends=False)
CALL = Function("call", (0.3, 0.3), usd_per_s=1e-4, usd_per_request=1e-7)


def one(slo_s: float | None, quantile: float = 1.0, shares: tuple[float, ...] = (1.0,)) -> Service:
    """A block of stages of 0.1 s on machines, 0.3 s on the function for the first."""
    stages = len(shares)
    times = tuple(0.1 * (k + 1) for k in range(stages))
    machine = replace(FAST, seconds=(*times, times[-1]))
    call = replace(CALL, seconds=(*(3 * t for t in times), 3 * times[-1]))
    return Service("one", (Block(0, stages - 1, (machine,), call),), shares, (math.nan,) * stages, slo_s, quantile)


def fewer(than: int, mean: float) -> float:
    """Probability of fewer events than so many of a Poisson distribution."""
    return math.fsum(math.exp(-mean) * mean**i / math.factorial(i) for i in range(than))


def test_the_slack_is_that_of_the_machine() -> None:
    """0.5 s less 0.1 s; that the function takes 0.3 s does not shorten the wait for a machine."""
    own = one(0.5)
    assert slack_of(own, 0, own.blocks[0].machines[0]).seconds == pytest.approx([0.4])
    assert worst_s(own) == pytest.approx(0.3)


@pytest.mark.parametrize("quantile", [1.0, 0.99, 0.95])
@pytest.mark.parametrize("workers", [1, 4, 30])
def test_the_last_place_is_late_no_more_than_may_be(quantile: float, workers: int) -> None:
    """The room is the largest whose last place is late no more often than allowed, by sums of the Poisson law."""
    own = one(0.5, quantile)
    room = slack_of(own, 0, own.blocks[0].machines[0]).room(workers, workers / 0.1)
    allowed = MARGIN * max(TAIL, 1 - quantile)
    sure = 4 * workers  # four whole rounds of 0.1 s
    places = [k for k in range(1, 125) if fewer(k, 0.4 * workers / 0.1) <= allowed]
    assert room == max(sure, max(places, default=0))


def test_each_class_by_its_own_slack() -> None:
    """Half leave after 0.1 s with 0.15 s left, half after 0.2 s with 0.05 s: P = (P1 + P2) / 2."""
    own = one(0.25, 0.9, (0.5, 0.5))
    own = replace(own, blocks=(replace(own.blocks[0], function=None),))
    slack = slack_of(own, 0, own.blocks[0].machines[0])
    assert slack.seconds == pytest.approx([0.15, 0.05])
    rate = 40 / 0.15
    late = [0.5 * fewer(k, 0.15 * rate) + 0.5 * fewer(k, 0.05 * rate) for k in range(1, 60)]
    assert slack.room(40, rate) == sum(share <= 0.1 * MARGIN for share in late)


def test_blocks_share_the_slack() -> None:
    """Who leaves in block 1 has 0.9 s for its queue; who goes on has 1.0 - 0.2 - 0.1 s, half of it for each."""
    first, last = Block(0, 0, (FAST,), None), Block(1, 1, (replace(FAST, seconds=(0.2, 0.2)),), None, hop_s=0.1)
    own = Service("two", (first, last), (0.6, 0.4), (math.nan, math.nan), 1.0, 0.9)
    assert slack_of(own, 0, FAST).seconds == pytest.approx([0.9, 0.3])
    slack = slack_of(own, 1, last.machines[0])
    assert slack.seconds == pytest.approx([0.3])
    assert slack.allowed == pytest.approx(0.1 * MARGIN / 2 / 0.4)


def test_who_is_late_anyway_uses_up_what_may_be() -> None:
    """Of 10 % that may be late 3 % are late without waiting; one of the others waits."""
    own = one(0.95, 0.9, (0.5, 0.47, 0.0, 0.03))
    assert allowed_late(own) == pytest.approx(MARGIN * 0.1 - 0.03)
    slack = slack_of(own, 0, own.blocks[0].machines[0])
    assert slack.allowed == pytest.approx(MARGIN * 0.1 - 0.03)
    assert allowed_late(one(0.25, 0.9)) == 0.0


@pytest.mark.parametrize("loads", [(6.0,), (3.0, 7.5), (8.0,), (5.0, 20.0)])
def test_as_many_wait_as_are_late_on_average(loads: tuple[float, ...]) -> None:
    """On eight workers of 0.1 s, one request in 100 may be late: half of that on average over loads, by M/M/8/K.

    Whoever finds k - 1 waiting waits for k departures and is late with fewer than k of them in 0.4 s; in the last place
    no more than ten times as many are late as may be. Under overload the last place is as it is whatever comes.
    """
    own = one(0.5, 0.99)
    # times of 0.1 s have four sure rounds; with 0.45 s of the slower stage at hand there is none
    slack = replace(slack_of(own, 0, FAST), longest_s=0.45)
    allowed = 0.01 * MARGIN
    late = [fewer(k, 0.4 * 80) for k in range(1, 100)]
    strict = sum(share <= allowed for share in late)
    assert slack.room(8, 80.0) == strict

    def mean_late(room: int) -> float:
        late_of = came = 0.0
        for load in loads:
            states = [load**k / math.factorial(k) for k in range(9)]
            states += [states[8] * (load / 8) ** j for j in range(1, room + 1)]
            late_of += load * math.fsum(states[8 + j] * late[j] for j in range(room)) / math.fsum(states)
            came += load
        return late_of / came

    rooms = [room for room in range(100) if room == 0 or late[room - 1] <= 10 * allowed]
    best = max([strict, *(room for room in rooms if mean_late(room) <= 0.005)])
    assert slack.room_at(8, 80.0, np.array(loads), np.full(len(loads), 1 / len(loads))) == best
    assert best > strict or max(loads) > 8


def test_room_at_no_load_is_that_of_any() -> None:
    """Nobody comes, or nobody serves: as many as whatever comes."""
    own = one(0.5, 0.99)
    slack = slack_of(own, 0, FAST)
    assert slack.room_at(8, 80.0, np.array([0.0, 5.0]), np.array([1.0, 0.0])) == slack.room(8, 80.0)
    assert slack.room_at(0, 0.0, np.array([5.0]), np.ones(1)) == 0
    huge = slack.room_at(8, 80.0, np.array([1e6]), np.ones(1))
    assert huge == slack.room(8, 80.0), "far above full load no power overflows"


def test_nobody_waits_without_a_target() -> None:
    """Without a target there is no slack to share, and nobody is told to wait."""
    own = one(None)
    assert slack_of(own, 0, own.blocks[0].machines[0]).room(10, 100.0) == 0
    assert np.isinf(slack_of(own, 0, own.blocks[0].machines[0]).least_s)
