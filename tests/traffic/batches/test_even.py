"""Batches as schedules of a fluid see them, by arithmetic."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import serflow_opt as so
from serflow_opt.traffic.batches.even import FULL, one_by_one_as_full
from serflow_opt.traffic.demand.trace import Trace
from serflow_opt.traffic.service import Block, Function, Machine, Service

MACHINE = Machine("m", 0.01, 2, (0.1, 0.2, 0.2), stage_s=((0.1, 0.1, 0.1, 0.1), (0.1, 0.12, 0.14, 0.4)))
CALLED = Function(
    name="f", usd_per_s=0.5, usd_per_request=0.01, seconds=(0.1, 0.3, 0.3), stage_s=((0.1, 0.1), (0.2, 0.2))
)
BLOCK = Block(0, 1, (MACHINE,), CALLED, batch=4, batch_wait_s=0.01)
SERVICE = Service("s", (BLOCK,), (0.0, 1.0), (1.0, 1.0))


def test_the_size_that_does_most_counts() -> None:
    """Three take 0.24 s, 0.08 each; four take 0.5, 0.125 each. Two called at once cost 0.5 x 0.3 + 0.01, 0.08 each."""
    found = one_by_one_as_full(SERVICE)
    assert found.rate_per_s(0, found.blocks[0].machines[0]) == pytest.approx(2 / 0.08)
    assert found.function_usd(0) == pytest.approx(0.08)
    assert found.blocks[0].batch == 1


def test_those_who_leave_shorten_batches() -> None:
    """Where a half leave at the first stage, three make 0.1 s and, of those left, 3/8 x 0.1 + 3/8 x 0.12 + 0.14 / 8."""
    half = replace(SERVICE, shares=(0.5, 0.5), blocks=(replace(BLOCK, batch=3),))
    seconds = 0.1 + 3 / 8 * 0.1 + 3 / 8 * 0.12 + 0.14 / 8
    found = one_by_one_as_full(half)
    assert found.busy_s(0, found.blocks[0].machines[0]) == pytest.approx(seconds / 3)


def test_one_by_one_stays_as_it_is() -> None:
    """A service without batches is the same."""
    alone = replace(SERVICE, blocks=(replace(BLOCK, batch=1),))
    assert one_by_one_as_full(alone) is alone


def test_schedules_know_batches() -> None:
    """At 40 requests a second for an hour two machines that do 25 each are rented, for 72 USD; calls are 11,520."""
    trace = Trace(np.full(60, 2400), 60.0, np.full(60, 60.0))
    found = so.schedule(SERVICE, trace)
    assert found.status == "optimal"
    assert found.usd == pytest.approx(72.0)
    assert FULL in found.scope
