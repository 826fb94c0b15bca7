"""Provisioned plans in blocks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.exported import exported, read, run, save, two_pools


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


def test_each_of_two_pools_is_described(folder: Path, tmp_path: Path) -> None:
    """A block with two pools has both, each with its share, count and queue, and no machine beside them."""
    file = save(tmp_path / "two.json", two_pools(read(folder / "provisioned.json"), types=("c6i.large", "m5.large")))
    block = run(file, "--format", "json").document["blocks"][0]
    assert block["machine"] is None
    told = [(own["type"], own["tier"], own["share"], own["count"], own["queue_max"]) for own in block["pools"]]
    assert told == [("c6i.large", "spot", 0.6, 3, 4), ("m5.large", "vm", 0.4, 2, 4)]


def test_how_many_may_wait_is_told(folder: Path, tmp_path: Path) -> None:
    """The function beside machines takes what finds their queue full, as the plan has it."""
    plan = read(folder / "provisioned.json")
    block = plan["blocks"][0] | {"machine": "c6i.large", "machine_tier": "vm", "count": 2, "queue_max": 7}
    block |= {"function": "lambda-arm64-1769MB", "function_requests_per_s": 0.5}
    file = save(tmp_path / "queue.json", plan | {"blocks": [block, *plan["blocks"][1:]]})
    assert run(file, "--format", "json").document["blocks"][0]["machine"]["queue_max"] == 7
    for format_ in ("k8s", "terraform"):
        text = run(file, "--format", format_).stdout
        assert "2 x c6i.large (vm), at most 7 waiting; what finds no room to wait: lambda-arm64-1769MB" in text
