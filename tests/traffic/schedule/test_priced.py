"""Single types at a price, level by level, against every fleet."""

from __future__ import annotations

import pytest
from oracles.clean_schedules import HOUR, best
from support.clean_cases import clean_case

from serflow_opt.ground.deadline import NEVER
from serflow_opt.traffic.schedule.emitted import CarbonPrice
from serflow_opt.traffic.schedule.priced import block_of, by_levels, fluid_bound


@pytest.mark.parametrize("seed", range(4))
def test_one_type_at_a_price(seed: int) -> None:
    """The best of all fleets is found and proven; a fluid of machines is no dearer."""
    service, trace, (kinds, function, demand) = clean_case(2 * seed, 1, 4)
    for weights in ((0.0, 1.0), (1.0, 0.7)):
        price = CarbonPrice(*weights)
        task = block_of(service, 0, trace, HOUR, 1.0)
        assert fluid_bound(task, price) <= best(kinds, function, demand, weights) * (1 + 1e-9)
        by_levels(task, price, NEVER)
        assert task.worth == pytest.approx(best(kinds, function, demand, weights), rel=1e-9)
        assert task.bound == pytest.approx(task.worth, rel=1e-9)
