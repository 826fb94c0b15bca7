"""Several types by the model of who serves what, and what may wait."""

from __future__ import annotations

import numpy as np
import pytest
from oracles.clean_schedules import HOUR, best
from support.clean_cases import clean_case

from serflow_opt.ground.deadline import NEVER
from serflow_opt.traffic.schedule.dispatching import Dispatching, waits_in_time
from serflow_opt.traffic.schedule.emitted import CarbonPrice
from serflow_opt.traffic.schedule.levels import Demand
from serflow_opt.traffic.schedule.priced import MayWait, block_of, by_levels


@pytest.mark.parametrize("seed", [1, 3])
def test_two_types(seed: int) -> None:
    """The bound of the model and the exact value of its plan are the least over all fleets."""
    service, trace, (kinds, function, demand) = clean_case(seed, 2, 3)
    price, task = CarbonPrice(1.0, 0.7), block_of(service, 0, trace, HOUR, 1.0)
    by_levels(task, price, NEVER)
    found = Dispatching([task], price, None).solve(0.0, NEVER)
    assert found is not None
    task.offer(found[0][0], price)
    least = best(kinds, function, demand, (1.0, 0.7))
    assert task.worth == pytest.approx(least, rel=1e-7)
    assert found[2] == pytest.approx(least, rel=1e-6)


def test_who_waits_too_long_is_found() -> None:
    """Half of 2/s may wait 10 s: served 10 s later they are in time, 20 s later, or before they come, they are not."""
    edges = np.arange(0.0, 50.0, 10.0)
    come, waiting = Demand(edges, np.array([2.0, 0.0, 0.0, 0.0])), MayWait(0.5, 10.0)
    for rates, right in (
        ([1.0, 1.0, 0.0, 0.0], True),
        ([2.0, 0.0, 0.0, 0.0], True),
        ([1.0, 0.0, 1.0, 0.0], False),
        ([0.5, 1.5, 0.0, 0.0], False),
        ([3.0, 0.0, 0.0, 0.0], False),
    ):
        assert waits_in_time(come, Demand(edges, np.array(rates)), waiting, 1e-9) is right
