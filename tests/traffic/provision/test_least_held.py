"""Bounds of waits, against all thresholds of small networks."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from serflow_opt.search.envelope import Envelope
from serflow_opt.search.lagrangian import StageExits
from serflow_opt.traffic.provision.least_held import least_held


@pytest.mark.parametrize("seed", range(20))
def test_least_holding_time(seed: int) -> None:
    """No thresholds that keep the floor hold a worker for less, on average of those who enter, than the bound says."""
    rng = np.random.default_rng(seed)
    rates = [np.sort(rng.uniform(0.1, 0.9, 3)) for _ in range(2)] + [np.ones(1)]
    right = [np.sort(rng.uniform(0.6, 0.99, 3))[::-1] for _ in range(2)] + [np.array([0.95])]
    busy = np.array([0.0, *rng.uniform(0.1, 1.0, 2)])
    found = []
    for levels in itertools.product(range(3), range(3), range(1)):
        reach = np.cumprod([1.0, *(1 - rates[s][own] for s, own in enumerate(levels[:-1]))])
        accuracy = sum(reach[s] * rates[s][own] * right[s][own] for s, own in enumerate(levels))
        found.append((accuracy, float(busy @ reach) / reach[1]))
    floor = float(np.median([accuracy for accuracy, _ in found]))
    exits = StageExits([[Envelope.of(rate, rate * share)] for rate, share in zip(rates, right, strict=True)])
    bound = least_held(exits, floor, busy, 1, float(busy[1]), float(busy.sum()))
    assert busy[1] <= bound <= min(held for accuracy, held in found if accuracy >= floor)
