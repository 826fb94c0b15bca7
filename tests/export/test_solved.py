"""Solved plans in blocks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.exported import exported, read


def test_a_solved_plan_in_blocks(folder: Path) -> None:
    """Blocks carry the counts, rates and concurrencies that arithmetic gives from the plan."""
    plan = read(folder / "solved.json")
    made = json.loads(exported(folder, "solved", "json"))
    fleet, stages = plan["metrics"]["machines"][0], plan["metrics"]["stages"]
    first, second = made["blocks"]
    assert (first["first"], first["last"], second["first"], second["last"]) == (1, 1, 2, 2)
    assert (first["machine"]["count"], first["machine"]["busy"]) == (fleet["count"], fleet["utilisation"])
    assert (first["function"], second["machine"]) == (None, None)
    assert second["requests_per_s"] == pytest.approx(12.0 * 0.5)
    assert second["function"]["concurrency"] == pytest.approx(12.0 * 0.5 * stages[1]["compute_ms"] / 1000)
    assert made["latency_ms"]["p95"] == plan["metrics"]["latency_p95_ms"]
    assert made["latency_slo_ms"] == 5000.0
