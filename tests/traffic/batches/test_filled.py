"""How full batches are, and what they take, by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from oracles.batch_enumeration import even

from serflow_opt.problem.batches import mean_s
from serflow_opt.traffic.batches.filled import evenness, filled, law, left, thinned
from serflow_opt.traffic.service import Block, Function, Machine, Service


def test_full_batches_come_evenly_or_at_random() -> None:
    """How full a batch is when its wait ends is what counting and the Poisson law say."""
    assert law(4, 0.01, 300.0, "smooth").tolist() == [0, 0, 0, 1]
    assert law(4, 0.01, 250.0, "smooth").tolist() == [0, 0, 1, 0]  # 1 + floor(2.5)
    e = math.exp(-2.0)
    assert law(3, 0.01, 200.0, "random") == pytest.approx([e, 2 * e, 1 - 3 * e])
    assert law(1, 0.0, 200.0, "random").tolist() == [1]


def test_batches_close_at_intervals_of_known_scatter() -> None:
    """Full ones take B steps of a Poisson process; whose wait ends one step and the wait; the rest by quadrature."""
    assert evenness(1, 0.0, 7.0) == pytest.approx(1.0)
    assert evenness(8, 1e3, 7.0) == pytest.approx(1 / 8)
    assert evenness(40, 0.5, 4.0) == pytest.approx(1 / 9)
    for batch, wait, rate in ((4, 0.03, 120.0), (16, 0.1, 140.0), (2, 0.02, 10.0)):
        assert evenness(batch, wait, rate) == pytest.approx(even(batch, wait, rate), rel=1e-9)


def test_fewer_are_left_of_all_sizes_at_once() -> None:
    """Mixed over sizes and for several shares it is what the binomials say."""
    own, stays = np.array([0.1, 0.2, 0.3, 0.4]), np.array([0.0, 0.35, 1.0])
    for row, share in zip(thinned(own, stays), stays.tolist(), strict=True):
        assert row == pytest.approx(own @ left(4, share))


def test_those_left_are_binomial() -> None:
    """Of a batch each stays by itself: the number left is binomial, and mean times follow from it."""
    for stays in (0.0, 0.3, 1.0):
        found = left(5, stays)
        assert found.sum(axis=1) == pytest.approx(np.ones(5))
        times = (2.0, 3.0, 5.0, 5.5, 9.0)
        for n in range(1, 6):
            assert found[n - 1, 1:] @ np.array(times) == pytest.approx(mean_s(times, n, stays))


def test_a_block_by_hand() -> None:
    """Batches of 2 come evenly at 10/s. Half leave at stage 1: then 0, 1, 2 are left with 1/4, 1/2, 1/4."""
    stage = ((0.010, 0.014), (0.020, 0.030))
    machine = Machine("v", 1.0, 1, (0.010, 0.030, 0.030), stage_s=stage)
    block = Block(0, 1, (machine,), None, batch=2, batch_wait_s=0.1)
    service = Service("by hand", (block,), (0.5, 0.5), (0.9, 0.9))
    found = filled(service, 0, 10.0, "smooth")
    assert (found.mean, found.batches) == (2.0, 5.0)
    assert found.seconds == pytest.approx(0.014 + 0.5 * 0.020 + 0.25 * 0.030)
    # the same as one call of a function: 14, 34 or 44 ms, billed by 20 ms, 30 ms at least: 30, 40, 60
    function = Function(
        "f", machine.seconds, usd_per_s=2.0, usd_per_request=0.1, billing_step_s=0.02, billing_min_s=0.03, stage_s=stage
    )
    called = replace(service, blocks=(replace(block, machines=(), function=function),))
    assert filled(called, 0, 10.0, "smooth").usd == pytest.approx(0.1 + 2.0 * (0.25 * 0.03 + 0.5 * 0.04 + 0.25 * 0.06))
