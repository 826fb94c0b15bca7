"""Ways through boxes of mixes, against every way there is."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from support.mix_cases import slots_of

from serflow_opt.ground.deadline import NEVER
from serflow_opt.traffic.schedule.boxes import Boxes, _change
from serflow_opt.traffic.schedule.prices import BlockMultipliers


def boxes_of(demand: list[int], rates: list[float], most: int = 3, start_s: float = 1.0) -> Boxes:
    """Boxes of none to `most` machines of each type in every slot, at settled worths."""
    slots = slots_of(demand, rates, start_s=start_s)
    prices = BlockMultipliers(slots, 1.5 * sum(demand))
    prices.evaluate(0, len(slots), NEVER)
    boxes = Boxes(prices)
    boxes.low[:], boxes.high[:] = 0, np.minimum(slots.most, most)
    return boxes


@pytest.mark.parametrize(("old", "new"), [((0, 3), (0, 3)), ((1, 2), (0, 4)), ((2, 5), (0, 1)), ((0, 1), (3, 4))])
@pytest.mark.parametrize(("more", "less"), [(1.5, 0.5), (math.inf, 0.5), (1.5, math.inf), (0.0, 0.0)])
def test_a_change_of_one_type(old: tuple[int, int], new: tuple[int, int], more: float, less: float) -> None:
    """The least over all numbers before, of one type among two."""
    usd = np.random.default_rng(1).uniform(0.0, 9.0, (old[1] - old[0] + 1, 2))

    def price(before: int, after: int) -> float:
        change = after - before
        return 0.0 if not change else change * more if change > 0 else -change * less

    expected = [
        [min(usd[n - old[0], k] + price(n, m) for n in range(old[0], old[1] + 1)) for k in range(2)]
        for m in range(new[0], new[1] + 1)
    ]
    np.testing.assert_allclose(_change(usd, 0, old, new, more, less), expected)


@pytest.mark.parametrize("demand", [[3, 1], [2, 3], [1, 0, 2]])
def test_the_cheapest_way_is_that_of_all_ways(demand: list[int]) -> None:
    """Bound and what the way is above it are what the cheapest sequence of mixes costs, and the way is one of these."""
    boxes = boxes_of(demand, [1.0, 2.0], most=2)
    slots, prices = boxes.slots, boxes.prices
    ranges = [range(int(high) + 1) for row in boxes.high for high in row]
    best = math.inf
    for flat in itertools.product(*ranges):
        numbers = np.array(flat, dtype=np.int64).reshape(len(slots), slots.kinds)
        change = np.diff(np.vstack([np.zeros((1, slots.kinds), np.int64), numbers]), axis=0)
        if ((change > 0) & ~slots.up).any() or ((change < 0) & ~slots.down).any():
            continue
        best = min(best, float(slots.cost(numbers).sum()))
    assert prices.bound + boxes.through(0, len(slots), NEVER) == pytest.approx(best)
    way = boxes.way(2, NEVER)
    assert way is not None
    assert slots.cost(way).sum() == pytest.approx(best)


def test_boxes_hold_what_is_near_the_bound() -> None:
    """With room for everything a box has all useful mixes, without any the one that is cheapest at these worths."""
    boxes = boxes_of([3, 1, 4], [1.0, 2.0])
    total = len(boxes.slots)
    boxes.fit(0, total, 1e9)
    assert (boxes.low == 0).all()
    assert (boxes.high >= np.minimum(boxes.slots.most, 1)).all()
    wide = boxes.high - boxes.low
    boxes.fit(0, total, 0.0)
    assert ((boxes.high - boxes.low) <= wide).all()
