"""Figures of a simulation beside what was promised."""

from __future__ import annotations

from serflow_opt.families.simulated import SimulatedAnswer, SimulatedFigure, beside


def test_how_far_off_is_relative_to_what_is_expected() -> None:
    """A simulation of 3 where 2 were expected is half off; where nothing was, nothing can be off."""
    assert beside("time", "s", planned=1.0, expected=2.0, simulated=3.0).off == 0.5
    assert beside("time", "s", planned=1.0, expected=4.0, simulated=3.0).off == -0.25
    assert beside("usd", "USD", planned=0.0, expected=0.0, simulated=3.0).off == 0.0


def test_a_simulation_in_a_line_says_its_worst_figure() -> None:
    """Of figures 10 % and -25 % off the second is told, beside what was run."""

    class Ran(SimulatedAnswer):
        """Three runs."""

        instance: str
        figures: list[SimulatedFigure]

        def _ran(self) -> str:
            return "3 runs"

    own = [beside("time", "s", 10.0, 10.0, 11.0), beside("cost", "USD", 4.0, 4.0, 3.0)]
    ran = Ran(instance="x", figures=own)
    assert repr(ran) == "<Ran 3 runs of x: at most 25.00% off>"
    assert ran.to_dict()["figures"][1]["simulated"] == 3.0
