"""Mixes of types at a moment: knapsacks by hand, and the unit of rates."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from support.mix_cases import slots_of

from serflow_opt.traffic.schedule.mixes import Knapsack, Scale


@pytest.mark.parametrize("seed", range(5))
def test_knapsack(seed: int) -> None:
    """Against all mixes; prices that are none, or even paid for, among them."""
    rng = np.random.default_rng(seed)
    slots = slots_of(rng.integers(0, 15, 6).tolist(), [2.0, 3.0, 7.0])
    prices = rng.uniform(-0.5, 5.0, (len(slots), 3))
    knapsack = Knapsack(slots, Scale.of(slots.rates, float(slots.peak.max())), 0, len(slots))
    least, mixes = knapsack.cheapest(prices)
    above = knapsack.above(prices)
    most = [2 * int(number) for number in slots.most.max(axis=0)]  # numbers are put together of powers of two
    for g in range(len(slots)):
        every = np.array(list(itertools.product(*(range(number + 1) for number in most))))
        usd = every @ prices[g] + slots.left_usd(np.full(len(every), g), every @ slots.rates)
        within = (every <= slots.most[g]).all(axis=1)
        assert usd.min() - 1e-9 <= least[g] <= usd[within].min() + 1e-9
        own = slots.left_usd(np.array([g]), mixes[g : g + 1] @ slots.rates)[0] + float(mixes[g] @ prices[g])
        assert own == pytest.approx(least[g])
        for p, values in enumerate(above):
            for number in range(int(slots.most[g, p]) + 1):
                assert values[number, g] <= usd[within & (every[:, p] == number)].min() - least[g] + 1e-9


@pytest.mark.parametrize(
    ("rates", "unit", "weight"),
    [([2.0, 4.0, 6.0], 2.0, (1, 2, 3)), ([2.0, 3.0], 1.0, (2, 3)), ([25 / 3, 28 / 3], 1 / 3, (25, 28))],
)
def test_unit_of_rates(rates: list[float], unit: float, weight: tuple[int, ...]) -> None:
    """The unit found is the largest that all rates are multiples of."""
    found = Scale.of(np.array(rates), 100.0)
    assert found.unit == pytest.approx(unit)
    assert (found.weight, found.whole) == (weight, True)


def test_rates_without_a_unit_come_in_fractions() -> None:
    """Rates without a common unit are told apart, for the bound is then rounded."""
    found = Scale.of(np.array([1.0, math.pi]), 100.0)
    assert not found.whole
    assert found.weight[1] == 1
    assert found.share[1] * math.pi == pytest.approx(found.unit)
