"""How unevenly requests leave a busy server: against closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from serflow_opt.traffic.queues.dispersion import dispersion
from serflow_opt.traffic.queues.service_time import ServiceTime


@pytest.mark.parametrize("t", [0.25, 0.5, 1.5, 2.75, 6.5])
def test_departures_of_fixed_times(t: float) -> None:
    """From any moment on, floor(t) or one more leave: the variance is f (1 - f), f the part of t behind the comma."""
    part = t % 1
    found = dispersion(ServiceTime((1.0,), (1.0,)), np.array([t, 10.0]))
    assert found[0] == pytest.approx(part * (1 - part) / t, abs=0.02)


def test_it_goes_from_one_to_the_squared_variation() -> None:
    """In a moment departures are as random as Poisson's; in the long run their quotient is cv^2 (renewal theory)."""
    own = ServiceTime((0.5, 2.0), (2 / 3, 1 / 3))  # mean 1, cv^2 = 1/2
    soon, late = dispersion(own, np.array([1e-3, 35.0]))
    assert soon == pytest.approx(1.0, abs=0.01)
    assert late == pytest.approx(0.5, abs=0.03)
