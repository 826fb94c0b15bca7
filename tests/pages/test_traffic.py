"""Pages of policies, schedules, simulations and bounds."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd

import serflow_opt as so
from serflow_opt.pages.page import page_of
from serflow_opt.pages.traffic import schedule_series, simulation_series
from serflow_opt.traffic.cost_bound import cost_bound

ROW = {"policy": "mine", "blocks": 1, "usd": 2.0, "usd_machines": 1.0, "usd_functions": 1.0, "violations": 0.25}


def test_policies_side_by_side(read: Any) -> None:
    """Bars as long as costs of the dearest, late ones in per cent, and the bound of as many blocks."""
    least = {"1": {"usd": 1.5, "scope": "schedules of a minute"}, "2": {"usd": 0.5}}
    rows = [ROW, {**ROW, "usd": 1.0}, {**ROW, "usd": 1.0, "blocks": 2}]
    document = {"instance": "i", "trace": "t", "policies": rows, "clairvoyant": least}
    page = read(page_of(document))
    assert "mine: $2.00, 25.00% late" in page.text
    assert "schedules of a minute" in page.text
    lines = [own["x1"] for name, own in page.elements if name == "line" and own.get("class") == "least"]
    assert lines == ["75", "75", "25"]


def test_rentals_over_time() -> None:
    """Two machines for the first of two hours, one for the second: areas of height 2 and 1."""
    document = {"blocks": [{"block": 0, "rentals": [["m", 0.0, 7200.0], ["m", 0.0, 3600.0]]}]}
    drawn = schedule_series(document)
    corners = re.findall(r'class="a c0"', drawn)
    heights = {float(pair.split(",")[1]) for pair in re.findall(r'points="([^"]+)"', drawn)[0].split()}
    assert len(corners) == 1
    assert len(heights) == 3


def test_a_simulation_over_time(read: Any) -> None:
    """A picture of requests and one of machines for each block."""
    columns = ("machine_requests", "function_requests", "machines_ready", "machines_billed")
    frame = pd.DataFrame({"start_s": [0.0, 60.0] * 2, "block": [0, 0, 1, 1], **{name: [1.0] * 4 for name in columns}})
    page = read(simulation_series(frame.sort_values("start_s"), 60.0))
    assert page.count("svg", **{"class": "chart"}) == 4


def test_the_least_an_autoscaler_pays(read: Any) -> None:
    """Its figures and what it is a proof of."""
    found = cost_bound(so.Trace.of([60, 120], 60.0), slo_s=1e-6, capacity_per_s=1, usd_per_hour=60)
    page = read(page_of(found))
    assert "$3.00" in page.text
    assert "every autoscaler" in page.text
