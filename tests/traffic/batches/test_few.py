"""What few workers leave of batches: against closed forms and a simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest

from serflow_opt.traffic.batches.few import known, lost_of_few
from serflow_opt.traffic.confirm.workers import starts


def test_whom_it_is_for() -> None:
    """One worker, or two that nobody waits for, at loads that they may be free at."""
    assert known(1, 4, 2.0)
    assert known(2, 0, 11.0)
    assert not known(2, 1, 1.0)
    assert not known(1, 0, 1e6)


@pytest.mark.parametrize("load", [0.05, 0.8, 3.0])
def test_poisson_arrivals_have_closed_forms(load: float) -> None:
    """Of Erlang's formula, M/M/1/2, a^2 / (1 + a + a^2), and M/D/1/2, (a - 1 + e^-a) / (a + e^-a)."""
    assert lost_of_few(1, 0, load, 1.0, 0.3) == pytest.approx(load / (1 + load), rel=1e-9)
    assert lost_of_few(2, 0, load, 1.0, 0.3) == pytest.approx(load**2 / 2 / (1 + load + load**2 / 2), rel=1e-9)
    assert lost_of_few(1, 1, load, 1.0, 1.0) == pytest.approx(load**2 / (1 + load + load**2), rel=1e-9)
    fixed = (load - 1 + math.exp(-load)) / (load + math.exp(-load))
    assert lost_of_few(1, 1, load, 1.0, 0.0) == pytest.approx(fixed, rel=1e-9)


@pytest.mark.parametrize("load", [0.2, 1.0, 2.5])
def test_two_phases_are_renewal_theory(load: float) -> None:
    """In a service of a intervals of two phases m = a - (1 - e^-4a) / 4 batches close, of 1 + m that are offered."""
    closing = load - (1 - math.exp(-4 * load)) / 4
    assert lost_of_few(1, 0, load, 1 / 2, 0.0) == pytest.approx(closing / (1 + closing), rel=1e-9)


def test_between_whole_phases_it_is_straight() -> None:
    """Half way between 1/2 and 1/3 as much is lost as in the middle of both; more even than 1/64 is 1/64."""
    ends = [lost_of_few(1, 2, 1.1, even, 0.05) for even in (1 / 2, 5 / 12, 1 / 3)]
    assert ends[1] == pytest.approx((ends[0] + ends[2]) / 2, rel=1e-9)
    assert lost_of_few(2, 0, 1.1, 0.0, 0.0) == lost_of_few(2, 0, 1.1, 1 / 64, 0.0)


@pytest.mark.parametrize(
    ("servers", "room", "phases", "busy", "cv2"),
    [(1, 0, 16, 0.9, 0.1), (1, 1, 2, 1.2, 0.1), (1, 4, 4, 1.0, 0.0), (2, 0, 4, 0.6, 0.0), (2, 0, 16, 0.9, 0.02)],
)
def test_a_simulation_agrees(servers: int, room: int, phases: int, busy: float, cv2: float) -> None:
    """Of 100,000 batches the share that is lost is within 0.005, four standard errors and more."""
    rng, load = np.random.default_rng(phases + servers), busy * servers
    closed = np.cumsum(rng.gamma(phases, 1 / phases, 100_000))
    holds = rng.gamma(1 / cv2, load * cv2, len(closed)) if cv2 else np.full(len(closed), load)
    left = float(np.isnan(starts(closed, holds, servers, room)).mean())
    assert lost_of_few(servers, room, load, 1 / phases, cv2) == pytest.approx(left, abs=0.005)
