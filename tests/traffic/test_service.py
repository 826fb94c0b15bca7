"""Services under traffic: shares by block, bills in steps, and accuracy."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from serflow_opt.traffic.service import Block, Function, Machine, Service

MACHINE = Machine("m", 1.0, 1, (1.0, 2.0))


def service(shares: tuple[float, ...]) -> Service:
    blocks = (Block(0, 0, (MACHINE,), None), Block(1, 2, (MACHINE,), None))
    return Service("s", blocks, shares, (0.9, 0.8, math.nan))


def test_shares_by_block() -> None:
    """Half leave before block 2; of those who enter it 3 of 5 leave at its first stage and nobody goes on."""
    own = service((0.5, 0.3, 0.2))
    assert (own.reach(0), own.reach(1)) == (1.0, 0.5)
    assert own.outcome_shares(0) == (0.5, 0.5)
    assert own.outcome_shares(1) == pytest.approx((0.6, 0.4, 0.0))


def test_a_block_that_nobody_enters() -> None:
    """Where all have left before, nothing is divided by nothing, and an accuracy nobody knows does not count."""
    own = service((1.0, 0.0, 0.0))
    assert own.reach(1) == 0.0
    assert own.outcome_shares(1) == (0.0, 0.0, 1.0)
    assert own.accuracy == 0.9
    assert service((0.5, 0.5, 0.0)).accuracy == pytest.approx(0.85)


def test_calls_that_keep_environments_warm() -> None:
    """Each does nothing for a millisecond; those without names hold theirs for 0.1 s; 240 s after the last of 300."""
    call = Function("f", (1.0, 1.0), usd_per_s=2.0, usd_per_request=0.5, billing_step_s=0.001)
    assert call.warm_every_s == pytest.approx(240.0)
    assert call.warm_usd(1) == pytest.approx(0.5 + 2 * 0.001)
    assert call.warm_usd(3) == pytest.approx(3 * (0.5 + 2 * 0.001))
    assert replace(call, named=False).warm_usd(1) == pytest.approx(0.5 + 2 * 0.001)
    assert replace(call, named=False).warm_usd(3) == pytest.approx(3 * (0.5 + 2 * 0.1))
    assert replace(call, billing_min_s=0.25).warm_usd(1) == pytest.approx(0.5 + 2 * 0.25)
