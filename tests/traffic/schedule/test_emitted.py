"""What rentals emit hour by hour, by arithmetic."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from support.schedule_cases import machine, service, trace

from serflow_opt.problem.grid_hours import GridHours
from serflow_opt.traffic.carbon_flow import CarbonFlow
from serflow_opt.traffic.schedule.emitted import CarbonPrice, evaluate_emitted
from serflow_opt.traffic.schedule.evaluate import Rental, evaluate_block
from serflow_opt.traffic.schedule.levels import Demand
from serflow_opt.traffic.service import Service

GRID = GridHours((0.5, 1.5))
TWO_HOURS = Demand(np.array([0.0, 3600.0, 7200.0]), np.array([2.0, 1.0]))


def emitting(usd: float | None = 1.0) -> Service:
    """A machine of 1/s at 1 USD a second: 1 g a second on, 2 g a request, on a grid; functions 8 g, on a steady one."""
    own = service(machine("m", on_carbon=CarbonFlow(0.0, 1.0, GRID), busy_carbon=CarbonFlow(0.0, 2.0, GRID)), usd=usd)
    block = own.blocks[0]
    function = block.function
    if function is not None:
        block = replace(block, function=replace(function, busy_carbon=CarbonFlow(0.0, 8.0)))
    return replace(own, blocks=(block,))


def test_by_the_hour() -> None:
    """On: 3600 x 0.5 + 3600 x 1.5. Work: 1/s, 2 g x 0.5 and x 1.5. The function takes 1/s of the first hour."""
    found = evaluate_emitted(emitting(), 0, TWO_HOURS, [Rental("m", 0.0, 7200.0)])
    assert found.on_g == pytest.approx(7200.0)
    assert found.work_g == pytest.approx(3600 * 1.0 + 3600 * 3.0)
    assert found.functions_g == pytest.approx(3600 * 8.0)
    assert found.function_requests == pytest.approx(3600)
    assert found.cell_g.tolist() == pytest.approx([3600 * 9.0, 3600 * 3.0])


def test_price_decides_who_serves() -> None:
    """Where 3 g of a machine outweigh 2.5 of a function and no money counts, the machine stands idle in that hour."""
    own = emitting()
    function = own.blocks[0].function
    assert function is not None
    clean = replace(own.blocks[0], function=replace(function, busy_carbon=CarbonFlow(0.0, 2.5)))
    found = evaluate_emitted(
        replace(own, blocks=(clean,)), 0, TWO_HOURS, [Rental("m", 0.0, 7200.0)], price=CarbonPrice(0.0, 1.0)
    )
    assert found.work_g == pytest.approx(3600 * 1.0)
    assert found.functions_g == pytest.approx(7200 * 2.5)
    half = evaluate_emitted(
        replace(own, blocks=(clean,)),
        0,
        TWO_HOURS,
        [Rental("m", 0.0, 7200.0)],
        price=CarbonPrice(0.0, 1.0, 0.0, 0.5),
    )
    assert half.functions_g >= found.functions_g - 3600 * 2.5


def test_money_as_without_carbon() -> None:
    """Machines first, then the function: as the plain evaluation counts, a start inside an hour included."""
    requests = trace(20, 10, 30, period_s=10.0)
    own = service(machine("m", usd_per_s=2.0, start_s=5.0))
    rentals = [Rental("m", 0.0, 30.0), Rental("m", 10.0, 20.0)]
    plain = evaluate_block(own, 0, requests, rentals)
    demand = Demand(np.array([0.0, 10.0, 20.0, 30.0]), np.array([2.0, 1.0, 3.0]))
    found = evaluate_emitted(own, 0, demand, rentals)
    assert (found.usd_machines, found.usd_functions) == pytest.approx((plain.usd_machines, plain.usd_functions))


def test_left_over_without_a_function() -> None:
    """What nobody serves costs without bound."""
    assert evaluate_emitted(emitting(None), 0, TWO_HOURS, [Rental("m", 0.0, 7200.0)]).usd == math.inf
