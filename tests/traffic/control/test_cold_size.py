"""Functions as large as cold starts ask for: the promise, what that costs, and when nothing is changed."""

from __future__ import annotations

import functools
from dataclasses import replace

import pytest

import serflow_opt as so
from serflow_opt.ground.deadline import Deadline
from serflow_opt.traffic.control.cold_size import sized
from serflow_opt.traffic.control.split import TraceRates, late_cold, too_late, usd_per_s
from serflow_opt.traffic.demand.trace import Trace
from serflow_opt.traffic.provision.structures import BlockChoice, Structures

INSTANCE = so.load("bert12-sst2")
WAVES = Trace.of([40, 0, 0, 0, 0, 0, 0, 0, 2, 0] * 180)
STEADY = Trace.of([20] * 3600)


def function(memory_mb: int) -> BlockChoice:
    """The whole network on a function of so many MB."""
    structures = Structures(INSTANCE, 1)
    each = structures.choices(0, len(INSTANCE.stages) - 1)
    name = f"lambda-{memory_mb}MB"
    return next(c for c in each if c.machine is None and structures.option(c.function).name == name)


@functools.cache
def levels() -> tuple[int, ...]:
    """Thresholds of the cheapest deployment."""
    return tuple(so.provision(INSTANCE, 5.0, blocks=1, confirm=False).levels)


def test_a_larger_function_keeps_what_a_smaller_one_would_break() -> None:
    """Half an hour of waves of 40 requests: with its own size too many cold calls are late, with the one taken not.

    Every size between is too small or dearer, each looked at here by itself.
    """
    rates = TraceRates.of(WAVES, 60.0)
    at, names = levels(), {}
    for memory_mb in (5307, 7076, 8845, 10240):
        own = sized(INSTANCE, (function(memory_mb),), at, TraceRates(rates.planned, rates.planned, 1e12))
        assert own.blocks[0].function.memory_mb == pytest.approx(memory_mb)  # nobody is late in 30,000 years
        names[own.blocks[0].function.name] = (max(0.0, too_late(own, rates)), usd_per_s(own, rates.planned, 1800.0))
    found = sized(INSTANCE, (function(5307),), at, rates)
    assert names["lambda-5307MB"][0] > 0
    assert found.blocks[0].function.name == min(names, key=lambda name: names[name])
    assert found.blocks[0].function.name != "lambda-5307MB"


def test_the_size_stays_where_cold_calls_are_few() -> None:
    """Steady requests for an hour: first calls are a few of 72,000."""
    rates = TraceRates.of(STEADY, 60.0)
    own = sized(INSTANCE, (function(7076),), levels(), rates)
    assert own.blocks[0].function.name == "lambda-7076MB"
    assert late_cold(own, rates.at_once, rates.seconds) < 1e-4


def test_without_time_it_is_as_it_was_found() -> None:
    """A larger one would keep the promise, but nothing is looked at when time is up."""
    rates = TraceRates.of(WAVES, 60.0)
    own = sized(INSTANCE, (function(5307),), levels(), replace(rates, deadline=Deadline(0.0)), "named")
    assert own.blocks[0].function.name == "lambda-5307MB"
    assert own.keep_warm == ()
