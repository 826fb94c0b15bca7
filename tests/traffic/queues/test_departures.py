"""How many leave busy servers within a time: against Poisson's law and counting."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import pdtr

from serflow_opt.traffic.queues.departures import at_most
from serflow_opt.traffic.queues.service_time import ServiceTime

ONE = ServiceTime((1.0,), (1.0,))


def test_nobody_leaves_a_busy_server_with_what_is_left_of_its_service() -> None:
    """What is left of a fixed second is even over it: c servers all go on for t with (1 - t)^c."""
    times = np.array([0.0, 0.25, 0.5, 1.0])
    for servers in (1, 3):
        assert at_most(servers, ONE, 1, times)[:, 0] == pytest.approx((1 - times) ** servers, abs=1e-12)


def test_one_server_of_fixed_times() -> None:
    """Within t from any moment on floor(t) leave, or one more: that many at most with 1 less the part behind it."""
    found = at_most(1, ONE, 3, np.array([0.4, 1.4, 2.4]))
    assert found[0] == pytest.approx([0.6, 1.0, 1.0], abs=0.02)
    assert found[1] == pytest.approx([0.0, 0.6, 1.0], abs=0.02)
    assert found[2] == pytest.approx([0.0, 0.0, 0.6], abs=0.02)


def test_of_many_servers_few_leave_as_poisson_has_it() -> None:
    """Many servers, each of which hardly ever leaves within t, are a Poisson stream of rate c."""
    found = at_most(200, ONE, 6, np.array([0.01]))[0]
    assert found == pytest.approx(pdtr(np.arange(6), 2.0), abs=0.01)


def test_what_is_told_of_a_time_does_not_depend_on_others() -> None:
    """Fixed times and long queues: a later time beside it changes nothing."""
    times = np.array([0.3, 7.7, 19.2])
    alone = at_most(2, ONE, 50, times)
    assert at_most(2, ONE, 50, np.append(times, 26.0))[:3] == pytest.approx(alone, abs=1e-9)
    assert alone[2, 38:40] == pytest.approx([0.8**2, 1 - 0.2**2], abs=1e-9)  # 19 leave each, or 20
