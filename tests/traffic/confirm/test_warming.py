"""How soon a service forgets that it began empty, by the formulas of heavy traffic, by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from serflow_opt.traffic.confirm.batch import FixedPools
from serflow_opt.traffic.confirm.warming import Load, loads, relaxation, spreads
from serflow_opt.traffic.service import Block, Function, Machine, Service
from serflow_opt.traffic.simulate.service_times import Law

MACHINE = Machine("vm", 1.0, 2, (1.0, 3.0, 3.0), sends=False)
CALL = Function("f", (2.0, 4.0, 4.0), usd_per_s=1.0, usd_per_request=0.0)


def line(function: Function | None = None, most: int | None = None) -> FixedPools:
    """Half leave after 1 s, the others after 3; four workers."""
    service = Service("s", (Block(0, 1, (MACHINE,), function),), (0.5, 0.5), (math.nan,) * 2)
    return FixedPools(service, (4,), (most,), (0.0,), Law())


def test_times_scatter_as_outcomes_do() -> None:
    """1 and 3 s alike: 1 + cv² = 5 / 2², within what a sample of 4,096 leaves open."""
    (spread,) = spreads(line(), 1)
    assert spread == pytest.approx(5 / 4, rel=0.02)
    assert spreads(replace(line(), workers=(0,)), 1) == (1.0,)


def test_what_comes_to_a_pool() -> None:
    """1.5 requests a second of 2 s keep three workers busy."""
    (own,) = loads(line(), 1.5, [1.25], 1)
    assert own == Load(pytest.approx(3.0), 1.25)  # type: ignore[arg-type]


def test_the_backlog_is_forgotten_the_later_the_fuller() -> None:
    """1, who comes while workers fill, ρ c (1 + cv²), and 2 (1 + cv²) ρ / (1 - ρ)²: at ρ = 0.75 1 + 3.75 + 30."""
    assert relaxation(line(), 1.5, [Load(3.0, 1.25)]) == pytest.approx(1 + 0.75 * 4 * 1.25 + 2 * 1.25 * 0.75 / 0.0625)
    assert relaxation(line(), 2.0, [Load(4.0, 1.25)]) == math.inf
    few = line(CALL, 2)
    assert relaxation(few, 1.5, [Load(3.0, 1.25)]) == pytest.approx(1 + 3.75 + 2 * 2 / 4 + 2)
    assert relaxation(few, 3.0, [Load(6.0, 1.25)]) == pytest.approx(1 + 4 * 1.25 + 3)  # overfull, but few may wait


def test_blocks_behind_add_what_is_on_its_way() -> None:
    """2 s on the function and 0.5 s of hand-over at 3/s are 7.5 requests; half enter the block behind."""
    first = Block(0, 0, (), Function("f", (2.0, 2.0), usd_per_s=1.0, usd_per_request=0.0))
    second = Block(1, 1, (Machine("vm", 1.0, 1, (1.0, 1.0), sends=False),), None, hop_s=0.5)
    service = Service("two", (first, second), (0.5, 0.5), (math.nan,) * 2)
    own = FixedPools(service, (0, 4), (None, None), (0.0, 0.0), Law())
    load = 1.5 / 4
    expected = 1 + 3 * (0.5 + 2.0) + (load * 4 + 2 * load / (1 - load) ** 2) / 0.5
    assert relaxation(own, 3.0, [Load(0.0, 1.0), Load(1.5, 1.0)]) == pytest.approx(expected)
