"""The longer of two waits: more room makes nobody wait less where another formula goes on."""

from __future__ import annotations

import numpy as np
import pytest

from serflow_opt.traffic.queues.mg1 import MOST, OneServerLimited
from serflow_opt.traffic.queues.service_time import ServiceTime
from serflow_opt.traffic.queues.waiting import waiting

X = np.array([0.0, 0.5, 4.0, 30.0])


@pytest.mark.parametrize("cv2", [0.0, 0.7])
@pytest.mark.parametrize("load", [0.3, 0.9, 1.3])
def test_one_server_with_much_room(cv2: float, load: float) -> None:
    """Of all who come no fewer wait longer, and wait on average, with room for more than can be told exactly."""
    service, loads = ServiceTime.of_moments(1.0, cv2), np.array([load])
    told, more = OneServerLimited.at(loads, service, MOST), waiting(1, loads, service, MOST + 11)
    assert (more.lost <= told.lost).all()
    assert ((1 - more.lost) * more.mean_s >= (1 - told.lost) * told.mean * (1 - 1e-12)).all()
    assert ((1 - more.lost) * more.beyond(X)[0] >= (1 - told.lost) * told.beyond(X)[0] - 1e-12).all()
