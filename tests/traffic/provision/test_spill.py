"""What machines do not take, by hand and by Erlang's formula."""

from __future__ import annotations

import math

import numpy as np
import pytest

from serflow_opt.traffic.carrying import Carrying
from serflow_opt.traffic.demand.rates import Rates
from serflow_opt.traffic.provision.spill import no_room, spilled_rate
from serflow_opt.traffic.service import Machine

MACHINE = Machine("m", 1.0, 2, (1.0, 1.0))
TWO_RATES = Rates(np.array([1.0, 4.0]), np.array([0.5, 0.5]))


@pytest.mark.parametrize(("room", "share"), [(0, 0.4), (1, 2 / 7), (10**4, 0.0)])
def test_two_servers_at_load_two(room: int, share: float) -> None:
    """States weigh 1, 2, 2 and 2 for each that waits: the share of the last is turned away, 2 / (5 + 2 r)."""
    assert no_room(2, 2.0, room) == pytest.approx(share, abs=2e-4)
    assert no_room(2, 0.0, room) == 0.0


def test_smooth_requests_spill_what_is_above_the_capacity() -> None:
    """A machine serves 2 a second of 4 half of the time: 1 a second spills on average, and less where half enter."""
    smooth = Carrying("smooth", 1.0)
    assert spilled_rate(TWO_RATES, 1.0, 2.0, 2, MACHINE, smooth) == pytest.approx(1.0)
    assert spilled_rate(TWO_RATES, 0.5, 2.0, 2, MACHINE, smooth) == pytest.approx(0.0)


def test_random_requests_spill_by_erlang() -> None:
    """At loads 1 and 4 of two servers 1/5 and 8/13 are blocked: half of 1/5 and half of 4 x 8/13 spill a second."""
    found = spilled_rate(TWO_RATES, 1.0, 2.0, 2, MACHINE, Carrying("random", 1.0))
    assert found == pytest.approx(0.5 * 1 / 5 + 0.5 * 4 * 8 / 13)


def test_the_edges() -> None:
    """Without machines all spills, with work of no time nothing does, and of no requests none."""
    random = Carrying("random", 1.0)
    assert spilled_rate(TWO_RATES, 0.5, 2.0, 0, MACHINE, random) == 1.25
    assert spilled_rate(TWO_RATES, 0.5, 2.0, 0, None, random) == 1.25
    assert spilled_rate(TWO_RATES, 1.0, math.inf, 2, MACHINE, random) == 0.0
    assert spilled_rate(TWO_RATES, 0.0, 2.0, 2, MACHINE, random) == 0.0
