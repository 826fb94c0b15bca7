"""How many environments are kept warm: what that costs and saves, and what the promise asks for, by arithmetic."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from serflow_opt.traffic.control.cold import cold_calls, environments
from serflow_opt.traffic.control.keep_warm import kept_warm
from serflow_opt.traffic.control.split import TraceRates, cold_usd_per_s, late_cold
from serflow_opt.traffic.demand.rates import Rates
from serflow_opt.traffic.service import Block, Function, Service

HOURS = 36_000.0
CALL = Function("call", (0.2, 0.2), usd_per_s=1e-4, usd_per_request=1e-7, cold_start_s=0.5)
RARE = TraceRates(Rates.steady(0.001), Rates.steady(0.001), HOURS)


def one(function: Function = CALL, **more: object) -> Service:
    return Service("one", (Block(0, 0, (), function),), (1.0,), (math.nan,), **more)  # type: ignore[arg-type]


def test_one_environment_is_kept_where_that_pays() -> None:
    """36 calls in ten hours, once in 1,000 s: some 27 cold of 50 µUSD; 150 calls of 0.2 µUSD and one start instead."""
    each = environments(np.array([0.001]), np.ones(1), 0.2)
    cold = [cold_calls([(HOURS, rate)], 300.0) for rate in each.tolist()]
    assert cold[0] == pytest.approx(0.001 * HOURS * math.exp(-0.3) + 1 - math.exp(-0.3), rel=0.02)
    found = kept_warm(one(), RARE)
    assert found.keep_warm == (1,)
    ping = 1e-7 + 0.001 * 1e-4
    assert cold_usd_per_s(found, RARE) * HOURS == pytest.approx(150 * ping + (1 + sum(cold[1:])) * 0.5e-4)
    assert cold_usd_per_s(one(), RARE) * HOURS == pytest.approx(sum(cold) * 0.5e-4)


def test_none_is_kept_where_calls_cost_more_than_starts() -> None:
    """Once in ten hours, or with a fee of a cent; and where nobody asks for it, or no start takes time."""
    once = TraceRates(Rates.steady(1 / HOURS), Rates.steady(1 / HOURS), HOURS)
    assert kept_warm(one(), once).keep_warm == ()
    assert kept_warm(one(replace(CALL, usd_per_request=0.01)), RARE).keep_warm == ()
    assert kept_warm(one(replace(CALL, cold_start_s=0.0)), RARE).keep_warm == ()
    assert kept_warm(one(), RARE, "off") == one()


def test_calls_at_once_are_dearer() -> None:
    """Ten busy seconds an hour need five of them: each called by itself costs 150 x 0.2 µUSD, at once 150 x 10.1."""
    seconds = TraceRates(Rates.steady(0.07), Rates(np.array([0.0, 25.0]), np.array([0.9972, 0.0028])), HOURS)
    named, together = kept_warm(one(), seconds), kept_warm(one(), seconds, "together")
    assert named.keep_warm[0] > max((*together.keep_warm, 0))
    assert cold_usd_per_s(named, seconds) < cold_usd_per_s(together, seconds)
    assert (named.blocks[0].function.named, together.blocks[0].function.named) == (True, False)  # type: ignore[union-attr]


def test_the_promise_may_ask_for_more_than_pays() -> None:
    """With a dear call nothing pays; where cold calls are late, so many are kept that no more are than may be."""
    dear = one(replace(CALL, usd_per_request=0.01), slo_s=0.6)
    busy = TraceRates(Rates.steady(1.0), Rates.steady(1.0), HOURS)
    assert late_cold(dear, busy.at_once, HOURS) > 1e-4
    found = kept_warm(dear, busy)
    fewer = replace(found, keep_warm=(found.keep_warm[0] - 1,))
    assert late_cold(found, busy.at_once, HOURS) <= 1e-4 < late_cold(fewer, busy.at_once, HOURS)
    assert kept_warm(replace(dear, slo_s=0.8), busy).keep_warm == ()  # a cold call is in time
