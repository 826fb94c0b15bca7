"""The least that waiting takes of a limit: places to wait against one look at each of them, and what is rounded."""

from __future__ import annotations

import math

import numpy as np
import pytest

from serflow_opt.traffic.demand.rates import Rates
from serflow_opt.traffic.provision.limit_slack import LimitSlack
from serflow_opt.traffic.provision.relaxed import LeastWaits, rounded_down, tangents
from serflow_opt.traffic.provision.waits import ROOMS, Queues, useful_rooms


def block(seed: int) -> LeastWaits:
    """Two stages: half of those who enter leave at the first; workers are held for 0.1 s and 0.1 s more."""
    rng = np.random.default_rng(seed)
    return LeastWaits(
        queues=Queues(Rates.steady(float(rng.uniform(5, 40)))),
        workers=int(rng.integers(1, 3)),
        reaches=np.array([1.0, 0.5]),
        reach_high=1.0,
        least_s=0.1,
        square=(np.array([0.3]), np.array([-0.02])),
        slack=LimitSlack(np.ones(1), rng.uniform(0.02, 0.5, (1, 2))),
        room=10 ** float(rng.uniform(-4, -1)),
        longest_s=0.2,
    )


@pytest.mark.parametrize("seed", range(5))
def test_places_are_those_that_are_in_time_one_by_one(seed: int) -> None:
    """For each number of machines as many may wait as a look at each finds; any, where all may."""
    waits, (low, high), counts = block(seed), (0.12, 0.15), range(1, 9)
    expected = dict[int, int]()
    for count in counts:
        useful = ROOMS[: useful_rooms(count * waits.workers, waits.queues.peak * high)]
        late = [waits.taken(count, room, low, high) > waits.room for room in useful]
        first = late.index(True) if True in late else len(useful)
        expected[count] = useful[first - 1] if True in late else ROOMS[-1]
    assert waits.places(counts, low, high) == expected


@pytest.mark.parametrize("seed", range(8))
def test_no_thresholds_wait_less(seed: int) -> None:
    """Thresholds drawn in a range of work, share and square: no fewer wait longer than the bound says, nor less."""
    rng = np.random.default_rng(seed)
    least, longest, enter = 0.05, 0.2, (0.5, 0.7)
    low, high = np.sort(rng.uniform(enter[0] * 0.06, enter[0] * longest, 2)).tolist()
    squares = (np.array([0.1, 0.25]), np.array([-0.02, -0.06]) * high)
    waits = LeastWaits(
        queues=Queues(Rates.steady(float(rng.uniform(10, 50)))),
        workers=1,
        reaches=np.array(enter[:1]),
        reach_high=enter[1],
        least_s=least,
        square=squares,
        slack=None,
        room=1.0,
        longest_s=longest,
    )
    count, room = int(rng.integers(1, 4)), int(rng.choice([1, 3, 8, 27]))
    bound, times = waits.wait(count, room, low, high), rng.uniform(0, 3 * longest, 5)
    lines = tangents(waits, count, room, low, high, [low, high])
    assert bound is not None
    for _ in range(8):
        work, share = float(rng.uniform(low, high)), float(rng.uniform(*enter))
        held = work / share
        smallest = max(float((squares[0] * work + squares[1]).max()), work * held)
        if not (least <= held <= longest and smallest <= longest * work):
            continue
        cv2 = float(rng.choice([smallest, longest * work, rng.uniform(smallest, longest * work)])) / work / held - 1
        true = waits.queues.of(count, room, share, held, max(0.0, cv2))
        assert (bound.beyond(times) <= true.beyond(times) + 1e-12).all()
        waited = share * float(waits.queues.mean(true.seconds))
        assert waits.waited_s(count, room, low, high) <= waited * (1 + 1e-9)
        assert all(start + slope * work <= waited * (1 + 1e-9) for slope, start in lines)


def test_variation_is_rounded_down_by_less_in_a_narrow_range() -> None:
    """By a sixteenth of an octave at most where any work may be, and not at all at one work."""
    for cv2 in np.geomspace(1e-4, 4, 50).tolist():
        for width in (1.0, 0.3, 0.01):
            down = rounded_down(cv2, width)
            assert cv2 * 2 ** (-width / 16) * (1 - 1e-12) <= down <= cv2
        assert rounded_down(cv2, 0.0) == cv2
    assert rounded_down(0.0, 0.5) == 0.0
    assert len({rounded_down(x, 1.0) for x in np.geomspace(0.25, 0.5, 1000).tolist()}) <= 16 + 1
    assert math.isclose(rounded_down(0.5, 1.0), 0.5)
