"""Room for some to wait: against exponential servers, and by what must balance."""

from __future__ import annotations

import numpy as np
import pytest

from serflow_opt.traffic.queues.limited import Limited
from serflow_opt.traffic.queues.mmc import Exponential
from serflow_opt.traffic.queues.service_time import ServiceTime

LOADS = np.array([1.0, 2.9, 3.0, 4.5])


def test_scatter_as_of_exponential_times_gives_their_queue() -> None:
    """A squared coefficient of 1 is worth r places: where much is lost, as much is as of M/M/c/K."""
    loads = LOADS[1:]
    found = Limited.at(3, loads, ServiceTime.of_moments(1.0, 1.0), 4)
    lost, waits = Exponential(3, loads, np.full(3, 4.0)).shares()
    assert found.lost == pytest.approx(lost, rel=0.15)
    assert found.waits == pytest.approx(waits, rel=0.1)


def test_more_room_loses_fewer_and_even_times_need_less_of_it() -> None:
    """Each place spares some; the same room is worth more in front of fixed times."""
    even = ServiceTime((1.0,), (1.0,))
    losses = np.array([Limited.at(3, LOADS, even, room).lost for room in (1, 2, 8)])
    assert (np.diff(losses, axis=0) < 0).all()
    assert (Limited.at(3, LOADS, even, 8).lost <= Limited.at(3, LOADS, ServiceTime.of_moments(1.0, 1.0), 8).lost).all()
    assert losses[-1][-1] >= 1 - 3 / 4.5  # more cannot be served than servers do


def test_groups_of_those_who_wait_are_all_of_them() -> None:
    """Chances of the groups sum to 1, for hundreds of places, too, and tails begin with the share that waits."""
    for room in (5, 300):
        found = Limited.at(2, np.array([1.5, 1.99]), ServiceTime((1.0,), (1.0,)), room)
        assert found.chances.sum(axis=1) == pytest.approx([1.0, 1.0])
        beyond = found.beyond(np.array([0.0, 0.5, 5.0]))
        assert (np.diff(beyond, axis=1) <= 1e-12).all()
        assert (beyond[:, 0] <= found.waits / (1 - found.lost) + 1e-9).all()
