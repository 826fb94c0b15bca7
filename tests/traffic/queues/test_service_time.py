"""Moments of service times, by hand."""

from __future__ import annotations

import pytest

from serflow_opt.traffic.queues.service_time import ServiceTime


def test_moments_of_a_mixture() -> None:
    """1 s for three of four requests, 5 s for the fourth: mean 2, variance 3, squared CV 3/4."""
    own = ServiceTime((1.0, 5.0), (0.75, 0.25))
    assert (own.mean, own.cv2) == (2.0, 0.75)
    assert not own.scatters


def test_a_factor_scatters_them_more() -> None:
    """An independent factor of mean 1 and CV 1/2 makes E S^2 a quarter larger: (1 + 3/4) 5/4 - 1 = 19/16."""
    own = ServiceTime((1.0, 5.0), (0.75, 0.25), 0.5)
    assert own.mean == 2.0
    assert own.cv2 == pytest.approx(19 / 16)


@pytest.mark.parametrize("cv2", [0.0, 0.3, 4.0])
def test_of_moments_has_them(cv2: float) -> None:
    """A service time made of two moments gives both back; of no time there is no variation."""
    own = ServiceTime.of_moments(0.2, cv2)
    assert (own.mean, own.cv2) == (pytest.approx(0.2), pytest.approx(cv2))
    assert ServiceTime((0.0,), (1.0,)).cv2 == 0.0


def test_the_unit_is_the_same_law_with_a_mean_of_one() -> None:
    """Times 1 and 5 with a mean of 2 become 0.5 and 2.5, with the same variation; no time stays as it is."""
    own = ServiceTime((1.0, 5.0), (0.75, 0.25), 0.5)
    assert own.unit == ServiceTime((0.5, 2.5), (0.75, 0.25), 0.5)
    assert own.unit.cv2 == pytest.approx(own.cv2)
    nothing = ServiceTime((0.0,), (1.0,))
    assert nothing.unit == nothing
