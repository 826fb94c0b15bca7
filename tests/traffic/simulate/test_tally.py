"""The table by period against sums by hand."""

from __future__ import annotations

import pytest
from support.simulated import even, function, machine, one
from support.traffic_cases import Script, trace

from serflow_opt.traffic.scaling_policy import Orders


def test_periods_by_hand() -> None:
    """Each column of the table by period is the one reckoned by hand."""
    run = function([0.5, 0.5], cold_start_s=0.5)
    service = one([machine(seconds=[1.5, 1.5], start_s=0.5, workers=2, usd_per_s=2.0)], run)
    found = even(service, trace(1, 4), Script([Orders(({"vm": 1},))], 9.0), period_s=1.0)
    # 0.5 and 1.125 on the machine until 2.0 and 2.625, 1.375, 1.625, 1.875 cold on the function
    frame = found.to_frame()
    assert frame["arrivals"].tolist() == [1, 4, 0]
    assert frame["machine_requests"].tolist() == [1, 1, 0]
    assert frame["function_requests"].tolist() == [0, 3, 0]
    assert frame["cold"].tolist() == [0, 3, 0]
    assert frame["machines_ready"].tolist() == [0.5, 1, 0.625]
    assert frame["machines_billed"].tolist() == [1, 1, 0.625]
    assert frame["busy_share"].tolist() == [0.5 / 2, (1 + 0.875) / 2, pytest.approx(0.625 / 1.25)]
    assert frame["usd_machines"].tolist() == [2, 2, 1.25]
    assert frame["usd_functions"].tolist() == [0, 3 * 1.25, 0]
