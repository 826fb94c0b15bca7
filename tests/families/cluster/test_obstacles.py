"""Why a cluster has no plan."""

from __future__ import annotations

from pathlib import Path

from support.small_cluster import small

import serflow_opt as so


def test_too_few_requests_for_any_batch(tmp_path: Path) -> None:
    """Batches of four alone take 34 requests/s: at 20 there is no plan, and it is said why."""
    folder = small(tmp_path, "rate_per_s = 100", "rate_per_s = 20", "cpu_cores,gpu_percent,batch,ms\n1,50,4,80\n")
    solution = so.solve(folder)
    assert solution.status == "infeasible"
    assert any("fill no batch in time" in note for note in solution.notes)
