"""Bounds by flows and whole labels, against all thresholds one by one; and machines that blocks need in place."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from serflow_opt.search.envelope import Envelope
from serflow_opt.search.lagrangian import StageExits
from serflow_opt.traffic.provision.flows import Flow, FlowLine, FlowPrices, Flows

STAGES = 4


def menus(rng: np.random.Generator) -> list[tuple[np.ndarray, np.ndarray]]:
    """Exit rates and accuracies by stage; at the last all leave."""
    found = []
    for _ in range(STAGES - 1):
        rates = np.sort(rng.uniform(0.0, 0.7, 4))
        found.append((rates, np.sort(rng.uniform(0.6, 0.99, 4))[::-1]))
    return [*found, (np.ones(1), np.array([0.97]))]


def line(rng: np.random.Generator) -> FlowLine:
    return FlowLine(float(rng.uniform(-0.2, 0.2)), rng.uniform(0.0, 1.0, STAGES))


@pytest.mark.parametrize("seed", range(12))
def test_no_thresholds_are_below_the_bound(seed: int) -> None:
    """The bound over all mixes of thresholds is below each choice that enumeration lists, and exact where nothing is
    bent.
    """
    rng = np.random.default_rng(seed)
    own = menus(rng)
    flow = Flow(
        line(rng),
        tuple(tuple(line(rng) for _ in range(2)) for _ in range(seed % 3)),
        tuple(FlowLine(-1.0, rng.uniform(0.1, 0.6, STAGES)) for _ in range(seed % 4)),
    )
    floor, values = 0.86, {}
    for levels in itertools.product(*(range(len(rates)) for rates, _ in own)):
        reach, right = np.ones(STAGES), 0.0
        for s, level in enumerate(levels):
            rate = own[s][0][level]
            right += reach[s] * rate * own[s][1][level]
            if s + 1 < STAGES:
                reach[s + 1] = reach[s] * (1 - rate)
        if right >= floor and all(own.fixed + own.weight @ reach <= 0 for own in flow.limits):
            values[levels] = (
                flow.cost.fixed
                + flow.cost.weight @ reach
                + sum(max(each.fixed + each.weight @ reach for each in lines) for lines in flow.largest)
            )
    least = min(values.values(), default=math.inf)
    flows = Flows(StageExits([[Envelope.of(rates, rates * right)] for rates, right in own]), floor)
    bound, thresholds = flows.bound([flow], 1e3, 1.0)
    assert bound <= least * (1 + 1e-9)
    if not flow.largest and not flow.limits:  # then it is exact, and so are the thresholds
        assert bound == pytest.approx(least, rel=1e-8)
        assert values[thresholds] == pytest.approx(least, rel=1e-8)
    if math.isfinite(least):
        dearer, _, few = flows.looked([flow], least + 0.05, 1.0, most=1000)
        assert dearer >= least + 0.05 - 1e-9 or few is not None
        assert few is None or {levels for levels, value in values.items() if value < least + 0.05} <= set(few)
        asked = bound - 0.01
        found, none = flows.bound([flow], asked, 1.0)
        assert found >= asked - 1e-9
        assert none == ()


@pytest.mark.parametrize("seed", range(6))
def test_multipliers_of_other_flows_are_a_start(seed: int) -> None:
    """A bound is no higher and no lower for what is remembered of flows before, and what is, is of the same shape."""
    rng = np.random.default_rng(seed)
    exits = StageExits([[Envelope.of(rates, rates * right)] for rates, right in menus(rng)])
    prices = FlowPrices()
    for _ in range(4):
        flow = Flow(line(rng), ((line(rng), line(rng)),), (FlowLine(-1.0, rng.uniform(0.1, 0.6, STAGES)),))
        alone, _ = Flows(exits, 0.86).bound([flow], 1e3, 1.0)
        bound, _ = Flows(exits, 0.86, prices).bound([flow], 1e3, 1.0)
        assert bound == pytest.approx(alone, rel=1e-6)
        enough = alone - 0.01 * abs(alone)
        assert Flows(exits, 0.86, prices).bound([flow], enough, 1.0)[0] >= enough * (1 - 1e-9)
    assert len(prices.of(flow.shape)) >= 1
    assert prices.of((3, 3)) == []
