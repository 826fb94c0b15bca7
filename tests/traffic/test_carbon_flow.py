"""What is emitted from one moment to another, and what options emit."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support import tiny

from serflow_opt.problem.emissions import Emissions
from serflow_opt.problem.grid_hours import GridHours
from serflow_opt.traffic.carbon_flow import CarbonFlow, carbon_of


def test_making_does_not_follow_the_grid() -> None:
    """1 g a second of making it and 2 of power: 3 on average, 2 in an hour at half, 4 in one at one and a half."""
    flow = CarbonFlow(1.0, 2.0, GridHours((0.5, 1.5)))
    assert flow.grams([0.0, 3600.0], [3600.0, 7200.0]).tolist() == [7200.0, 14400.0]
    assert flow.at([0.0, 3600.0]).tolist() == [2.0, 4.0]
    assert CarbonFlow(1.0, 2.0).grams(0.0, 10.0) == pytest.approx(30.0)


def test_no_more_at_any_hour() -> None:
    """On one grid it takes no more of both; on another it is not known."""
    grid = GridHours((0.5, 1.5))
    assert CarbonFlow(1.0, 2.0, grid).never_above(CarbonFlow(1.0, 2.5, grid))
    assert not CarbonFlow(1.1, 2.0, grid).never_above(CarbonFlow(1.0, 2.5, grid))
    assert not CarbonFlow(1.0, 2.0, grid).never_above(CarbonFlow(1.0, 2.5))


def test_of_options() -> None:
    """A machine is on and busy, operations evenly over its seconds; a function is busy; unknown stays unknown."""
    instance = tiny.two_stages()
    kinds = [instance.tiers[option.tier].kind for option in instance.options]
    machine = instance.options[next(n for n, kind in enumerate(kinds) if kind != "function")]
    tier = replace(instance.tiers[machine.tier], g_per_joule=0.25, grid_hours=GridHours((1.0,)))
    own = replace(
        machine, emissions=Emissions(5.0, 3.0, made_g_per_s=1.0), joules_per_flop=2.0, stage_seconds=(1.0, 3.0)
    )
    on, busy = carbon_of(own, tier, 0, 1, 16.0) or (None, None)
    assert on == CarbonFlow(1.0, 4.0, GridHours((1.0,)))
    assert busy == CarbonFlow(0.0, 3.0 + 2.0 * 16.0 * 0.25 / 4.0, GridHours((1.0,)))
    called = replace(own, emissions=Emissions(0.0, 3.0, made_g_per_s=1.0), joules_per_flop=0.0)
    assert (carbon_of(called, replace(tier, kind="function"), 0, 1, 16.0) or (None, None))[1] == CarbonFlow(
        1.0, 2.0, GridHours((1.0,))
    )
    assert carbon_of(replace(own, emissions=None), tier, 0, 1, 16.0) is None
