"""The witness of clusters: what instances serve and get, by INFless's rules."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.small_cluster import small

import serflow_opt as so
from serflow_opt.families.cluster.evaluate import served
from serflow_opt.families.cluster.menu import menu_of
from serflow_opt.families.cluster.problem import Cluster, Config, ServedNetwork, ServerType


@pytest.mark.parametrize(
    ("rates", "time", "target", "batch", "least", "most"),
    [
        ("whole", 0.060, 0.25, 1, 0, 16),  # floor(1 / 0.06)
        ("whole", 0.152, 0.25, 1, 0, 6),  # waits for nobody, though 1 / (0.25 - 0.152) is above 6
        ("whole", 0.0746, 0.15, 4, None, None),  # 54 requests/s fill it in time, and it serves 53
        ("whole", 0.0722, 0.15, 4, 52, 55),
        ("exact", 0.050, 0.25, 4, 20, 80),  # 4 / 0.2 requests/s fill it in time
        ("whole", 0.130, 0.25, 4, None, None),  # the next batch fills while one runs: 260 ms
        ("whole", 0.300, 0.25, 1, None, None),
    ],
)
def test_what_an_instance_serves(
    rates: str, time: float, target: float, batch: int, least: int | None, most: float | None
) -> None:
    """INFless: up = floor(b / t), low = ceil(b / (s - t)), t <= s alone and 2 t <= s in batches."""
    data = Cluster(
        (ServedNetwork("m", target, 100.0),),
        (ServerType("s", 4, 1, False, (), 1.0, 100),),
        (Config(0, batch, 1, 10, "", time),),
        rates == "whole",
        0.1,
    )
    low, up = served(data, data.configs[0])
    menu = menu_of(data)
    assert (up > 0) == (most is not None) == (len(menu.configs) == 1)
    if most is not None and least is not None:
        assert up == menu.up[0] == pytest.approx(most)
        assert low == menu.low[0] == least


def test_requests_are_dispatched_as_infless_does(tmp_path: Path) -> None:
    """Every instance is taken down from its most by the same share of the way to its least, and all get 100."""
    (model,) = so.solve(small(tmp_path)).plan["models"]
    given = [(own["instances"], own["rate_per_s"]) for own in model["instances"]]
    assert sum(count * rate for count, rate in given) == pytest.approx(100)
    shares = [
        (own["rate_max_per_s"] - own["rate_per_s"]) / (own["rate_max_per_s"] - own["rate_min_per_s"])
        for own in model["instances"]
    ]
    assert shares == pytest.approx([shares[0]] * len(shares))
