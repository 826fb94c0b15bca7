"""What waiting asks for beside a plan whose machines were counted as a fluid."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.helpers import changed, has_line, load, run, two_tiers


@pytest.mark.parametrize(("slo_ms", "said"), [(350.0, "these machines keep"), (300.5, "asks for 3 x v (vm)")])
def test_solve_says_what_waiting_asks_for(slo_ms: float, said: str, tmp_path: Path) -> None:
    """Everybody takes 300 ms at 4/s: 1.2 machines busy, so 2 as a fluid.

    At that load 37 % wait longer than 50 ms and 44 % at all for two machines, 13 % for three (M/D/c, simulated apart).
    """
    document = changed(two_tiers(), workload={"rate_per_s": 4.0, "latency_slo_ms": slo_ms, "latency_measure": "p60"})
    document["objective"]["accounting"] = "reserved"
    document["tables"]["exits.csv"] = document["tables"]["exits.csv"][2:]
    load(document, tmp_path)
    ran = run("solve", tmp_path, "--exclude", "fn", "--out", tmp_path / "plan.json")
    assert ran.code == 0
    assert has_line(ran.stdout, "machines", "2 x v (vm)")
    assert has_line(ran.stdout, "proof of", "by the work there is", "at most 80% busy")
    assert has_line(ran.stdout, "note:", said)
    kept = run("provision", tmp_path, "--plan", tmp_path / "plan.json", "--json").document
    assert [part["count"] for part in kept["blocks"]] == [2 if slo_ms == 350 else 3]
