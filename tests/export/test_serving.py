"""The two numbers of every serving system, from a plan of groups and from one of a cluster."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.helpers import run

GROUP = {
    "applications": ["vr", "Photo_App"],
    "function": "gpu",
    "size": 2.0,
    "unit": "GB of GPU",
    "batch": 13,
    "timeouts_ms": {"vr": 454.5009, "Photo_App": 654.5},
    "calls": 1.2,
    "target_ms": {"vr": 800.0, "Photo_App": 1000.0},
}
ALONE = GROUP | {
    "applications": ["x"],
    "batch": 1,
    "unit": "vCPU",
    "timeouts_ms": {"x": 0.0},
    "target_ms": {"x": 500.0},
}
INSTANCE = {
    "model": "net",
    "batch": 4,
    "cpu_cores": 2.0,
    "gpu_percent": 10.0,
    "instances": 70,
    "waits_at_most_ms": 237.0,
    "rate_per_s": 32.4,
    "rate_max_per_s": 35.0,
}


def written(folder: Path, kind: str, plan: dict[str, Any], system: str) -> str:
    """What the command prints of a plan."""
    file = folder / "plan.json"
    file.write_text(json.dumps({"kind": kind, "instance": "mine", "plan": plan}), encoding="utf-8")
    done = run("export", file, "--format", system)
    assert (done.code, done.stderr) == (0, "")
    return done.stdout


@pytest.fixture
def groups(tmp_path: Path) -> Any:
    """Write the plan of two groups."""
    return lambda system: written(tmp_path, "batching", {"groups": [GROUP, ALONE]}, system)


def test_triton(groups: Any) -> None:
    """max_batch_size, max_queue_delay_microseconds of the least timer, rounded down; a batch of one has no batcher."""
    text = groups("triton")
    vr, x = text.split('name: "x"')
    assert 'name: "vr-photo-app"\nmax_batch_size: 13\n' in vr
    assert "max_queue_delay_microseconds: 454500\n" in vr
    assert "count: 2\n    kind: KIND_GPU" in vr
    assert "max_batch_size: 1\n" in x
    assert "dynamic_batching" not in x
    assert "\npreferred_batch_size" not in text
    assert "takes the least" in text


def test_ray_serve(groups: Any) -> None:
    """batch_wait_timeout_s is a number of seconds, in user_config."""
    (app,) = yaml.safe_load(groups("ray-serve"))["applications"]
    vr, x = app["deployments"]
    assert vr["user_config"] == {"max_batch_size": 13, "batch_wait_timeout_s": 0.4545}
    assert vr["max_ongoing_requests"] == 26
    assert vr["ray_actor_options"] == {"num_gpus": 1}
    assert x["user_config"]["batch_wait_timeout_s"] == 0.0
    assert x["ray_actor_options"] == {"num_cpus": 2}


def test_kserve_and_torchserve(groups: Any) -> None:
    """Whole milliseconds, rounded down."""
    vr, x = yaml.safe_load_all(groups("kserve"))
    assert vr["spec"]["predictor"]["batcher"] == {"maxBatchSize": 13, "maxLatency": 454}
    assert "batcher" not in x["spec"]["predictor"]
    vr, x = yaml.safe_load_all(groups("torchserve"))
    assert (vr["batchSize"], vr["maxBatchDelay"], vr["minWorkers"], vr["responseTimeout"]) == (13, 454, 2, 1)
    assert (x["batchSize"], x["maxBatchDelay"]) == (1, 0)


def test_instances_of_a_cluster(tmp_path: Path) -> None:
    """Shares of a card stay shares for Ray; instances that would be called alike are numbered."""
    plan = {"models": [{"slo_ms": 350.0, "instances": [INSTANCE, INSTANCE]}]}
    (app,) = yaml.safe_load(written(tmp_path, "cluster", plan, "ray-serve"))["applications"]
    one, other = app["deployments"]
    assert one["ray_actor_options"] == {"num_cpus": 2, "num_gpus": 0.1}
    assert one["user_config"] == {"max_batch_size": 4, "batch_wait_timeout_s": 0.237}
    assert (one["num_replicas"], one["name"] == other["name"]) == (70, False)


def test_other_plans_are_refused(tmp_path: Path) -> None:
    """Of families without batches, without a plan, and what is none."""
    for document in ({"kind": "keep-alive", "plan": {"keep_alive_s": 1}}, {"kind": "batching", "plan": None}, [], {}):
        file = tmp_path / "plan.json"
        file.write_text(json.dumps(document), encoding="utf-8")
        done = run("export", file, "--format", "triton")
        assert done.code == 2
        assert "batching or cluster" in done.stderr
