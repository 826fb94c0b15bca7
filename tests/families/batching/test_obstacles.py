"""Who stands in the way of a plan with batches."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.helpers import has_line, run
from support.small_batching import small

import serflow_opt as so


def test_who_stands_in_the_way_is_named(tmp_path: Path) -> None:
    """Half of a's target is less than any call takes; and nobody gets along with so little money."""
    tight = small(tmp_path / "tight", "slo_ms = 400", "slo_ms = 230")
    solution = so.solve(so.load(tight))
    assert solution.status == "optimal"
    ran = run("solve", tight, "--set", "latency_max=0.5")
    assert ran.code == 3
    assert has_line(ran.stdout, "a: 0.5 of its target is 115 ms", "f of 2 vCPU, batch 1, takes 120 ms")
    assert not has_line(ran.stdout, "b: 0.5")
    document = run(
        "solve", small(tmp_path / "dear"), "--cost-max-usd", "0.05", "--set=latency_max=0.5", "--json"
    ).document
    assert [sorted(own["limits"]) for own in document["infeasible_because"][0]["sets"]] == [
        ["cost_max_usd", "latency_max"]
    ]
    assert {own["limit"]: own["best"] for own in document["infeasible_because"]} == {
        "cost_max_usd": pytest.approx(0.075),
        "latency_max": pytest.approx(1.0),
    }
    assert any("a, b: 0.075 USD a request in the cheapest plan" in own for own in document["notes"])
