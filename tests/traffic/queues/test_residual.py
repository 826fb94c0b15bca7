"""What is left of a service time, against integrals over its law."""

from __future__ import annotations

import math

import numpy as np
import pytest

from serflow_opt.traffic.queues.residual import excess, excess_squared, longest, on_grid
from serflow_opt.traffic.queues.service_time import ServiceTime

TWO = ServiceTime((1.0, 3.0), (0.5, 0.5))
TIMES = np.array([0.0, 0.5, 1.0, 2.0, 3.0, 9.0])


def test_fixed_times_by_hand() -> None:
    """E (S - t)+ of 1 or 3 s: 2, 1.5, 1, 0.5, 0, 0; half the mean square of it: 2.5, 1.625, 1, 0.25, 0, 0."""
    assert excess(TWO, TIMES).tolist() == [2.0, 1.5, 1.0, 0.5, 0.0, 0.0]
    assert excess_squared(TWO, TIMES).tolist() == [2.5, 1.625, 1.0, 0.25, 0.0, 0.0]


def test_a_scattering_time_by_quadrature() -> None:
    """A log-normal factor of CV 1: the closed form is the mean over a hundred thousand equally likely factors."""
    own = ServiceTime((2.0,), (1.0,), 1.0)
    sigma = math.sqrt(math.log(2))
    from scipy.special import ndtri

    drawn = 2 * np.exp(sigma * ndtri((np.arange(100_000) + 0.5) / 100_000) - sigma**2 / 2)
    for t in (0.0, 0.7, 2.0, 6.0):
        left = np.maximum(drawn - t, 0.0)
        assert excess(own, np.array([t]))[0] == pytest.approx(left.mean(), rel=2e-3)
        assert excess_squared(own, np.array([t]))[0] == pytest.approx((left**2).mean() / 2, rel=2e-2)


def test_the_longest_time_leaves_hardly_any_work() -> None:
    """Of fixed times it is the largest; of a scattering one hardly any work is beyond it, and some is before."""
    assert longest(TWO) == 3.0
    own = ServiceTime((1.0,), (1.0,), 0.5)
    assert excess(own, np.array([longest(own) * 1.1]))[0] < 1e-3 < excess(own, np.array([longest(own) / 3]))[0]


def test_a_law_on_a_grid_keeps_its_mean() -> None:
    """A time between two steps is shared between them: 1.25 steps are a quarter of 2 and three quarters of 1."""
    own = ServiceTime((1.25,), (1.0,))
    masses = on_grid(excess(own, np.arange(5.0)), 1.0)
    assert masses == pytest.approx([0.0, 0.75, 0.25, 0.0])
