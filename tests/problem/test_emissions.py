"""Grams of machines and functions, from watts, PUE, intensity and the carbon of making them."""

from __future__ import annotations

import pytest

from serflow_opt.problem.emissions import Emissions, grams_per_joule


def test_a_machine_that_is_on_and_busy() -> None:
    """10 W idle and 50 W full at 360 g/kWh and PUE 1.5: 0.54 g/h a watt; 3.6 g/h embodied; four workers share 40 W."""
    one = Emissions.of_machine((10.0, 50.0), 3.6, grams_per_joule(360.0, 1.5), workers=4)
    assert one.on_g_per_s == pytest.approx((10 * 0.54 + 3.6) / 3600, rel=1e-12)
    assert one.busy_g_per_s == pytest.approx(40 * 0.54 / 3600 / 4, rel=1e-12)
    assert one.by_use_g_per_s(4) * 4 == pytest.approx((50 * 0.54 + 3.6) / 3600, rel=1e-12)


def test_a_function_emits_while_it_works() -> None:
    """Two vCPUs of 3.5 W at 1 g/kWh: 7e-3 g/h, and 1 g/h embodied; twice the size emits twice as much."""
    one = Emissions.of_function(7.0, 1.0, grams_per_joule(1.0, 1.0))
    assert (one.on_g_per_s, one.call_g) == (0.0, 0.0)
    assert one.busy_g_per_s == pytest.approx(1.007 / 3600, rel=1e-12)
    assert one.times(2.0).busy_g_per_s == pytest.approx(2.014 / 3600, rel=1e-12)
