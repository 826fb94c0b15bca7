"""Figures of a simulation beside what was promised."""

from __future__ import annotations

from serflow_opt.families.simulated import beside


def test_how_far_off_is_relative_to_what_is_expected() -> None:
    """A simulation of 3 where 2 were expected is half off; where nothing was, nothing can be off."""
    assert beside("time", "s", planned=1.0, expected=2.0, simulated=3.0).off == 0.5
    assert beside("time", "s", planned=1.0, expected=4.0, simulated=3.0).off == -0.25
    assert beside("usd", "USD", planned=0.0, expected=0.0, simulated=3.0).off == 0.0
