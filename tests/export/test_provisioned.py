"""Provisioned plans in blocks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.exported import exported, read, run, save


def test_a_provisioned_plan_in_blocks(folder: Path) -> None:
    """Blocks of a deployment are its own, with what each sends to the function."""
    plan = read(folder / "provisioned.json")
    made = json.loads(exported(folder, "provisioned", "json", "--instance", str(folder / "instance")))
    assert (made["requests_per_s"], made["peak_requests_per_s"]) == (12.0, 30.0)
    assert len(made["blocks"]) == len(plan["blocks"])
    spilling = 0
    for block, its in zip(made["blocks"], plan["blocks"], strict=True):
        assert [block["first"], block["last"]] == its["stages"]
        assert (block["machine"] or {}).get("count", 0) == its["count"]
        if its["function"]:
            function = block["function"]
            assert (function["name"], function["requests_per_s"]) == (
                its["function"],
                its["function_requests_per_s"],
            )
            assert function["concurrency"] >= 0
            spilling += 1
    assert spilling


def test_the_concurrency_of_a_function_behind_machines_is_that_of_the_peak(folder: Path, tmp_path: Path) -> None:
    """1.5 requests/s spill of 12; at 30 at most 30 - 10.5 do. Stage 1 takes 0.2 s, stage 2, which half reach, 0.4 s."""
    plan = read(folder / "provisioned.json")
    block = plan["blocks"][0] | {"stages": [1, 2], "machine": "c6i.large", "count": 1, "busy": 0.5, "reach": 1.0}
    block |= {"function": "lambda-arm64-1769MB", "requests_per_s": 12.0, "function_requests_per_s": 1.5}
    plan |= {"blocks": [block], "thresholds": [{"stage": 1, "threshold": 0.5}]}
    file = save(tmp_path / "plan.json", plan)
    ran = run(file, "--format", "json", "--instance", folder / "instance")
    function = ran.document["blocks"][0]["function"]
    assert function["concurrency"] == pytest.approx((30.0 - 10.5) * (0.2 + 0.5 * 0.4))
