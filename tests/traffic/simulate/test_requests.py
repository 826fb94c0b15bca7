"""Requests of a simulation: when they come, and where they leave."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from support.simulated import function, one
from support.traffic_cases import Script, trace

from serflow_opt.traffic.scaling_policy import Orders
from serflow_opt.traffic.service import Block, Draws, Service
from serflow_opt.traffic.simulate.requests import draw
from serflow_opt.traffic.simulate.simulate import simulate


def test_exits_follow_shares_and_samples() -> None:
    """Requests leave in the shares of the exits, or as measured samples do, right and wrong with them."""
    blocks = (Block(0, 1, (), function([1, 1, 1])), Block(2, 2, (), function()))
    service = Service("s", blocks, (0.5, 0.2, 0.3), (0.9, 0.5, 0.7))
    found = simulate(service, trace(40_000), Script([Orders(({}, {}))]))
    assert found.entered[1] == pytest.approx(12_000, abs=4 * math.sqrt(40_000 * 0.3 * 0.7))
    assert found.accuracy == pytest.approx(0.76, abs=4 * math.sqrt(0.25 / 40_000))
    unknown = simulate(replace(service, accuracies=(0.9, math.nan, 0.7)), trace(99), Script([Orders(({}, {}))]))
    assert unknown.accuracy is None
    draws = Draws(np.array([0, 1, 2, 2]), np.array([True, True, True, False]))
    drawn = draw(replace(service, draws=draws), trace(40_000), 0)
    assert [np.unique(drawn.right[drawn.exits == s]).tolist() for s in range(3)] == [[1], [1], [0, 1]]
    assert np.mean(drawn.exits == 2) == pytest.approx(0.5, abs=0.01)


def test_arrivals() -> None:
    """Moments keep the counts of each period; Poisson arrivals have their mean and variance."""
    counts = trace(3, 0, 500, 2, period_s=60)
    for arrivals in ("spread", "even"):
        moments = draw(one([], function()), counts, 3, arrivals).times
        assert np.bincount((moments // 60).astype(int), minlength=4).tolist() == [3, 0, 500, 2]
        assert (np.diff(moments) >= 0).all()
    number = [len(draw(one([], function()), counts, seed, "poisson").times) for seed in range(400)]
    assert np.mean(number) == pytest.approx(505, abs=4 * math.sqrt(505 / 400))
    assert np.var(number) == pytest.approx(505, rel=4 * math.sqrt(2 / 400))
