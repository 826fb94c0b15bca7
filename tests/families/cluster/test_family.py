"""The verbs on a cluster instance, figures of INFless, and everything that is wrong with one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.helpers import has_line, run
from support.small_cluster import small

import serflow_opt as so
from serflow_opt.families.cluster.plot import plot_servers

INSTANCES = Path(__file__).parents[3] / "instances"


def test_the_small_instance_by_hand(tmp_path: Path) -> None:
    """One server for 100 requests/s, 112 at most; and what a core and a tenth of a GPU are worth."""
    folder = small(tmp_path)
    solution = so.solve(folder)
    assert (solution.status, solution.objective.value, solution.achieved("cost")) == ("optimal", 1.0, 2.0)
    most = so.solve(folder / "instance.toml")
    assert type(most).from_dict(json.loads(json.dumps(most.to_dict()))) == most
    done = run("solve", str(folder), "--set", "objective=throughput", "--set", "servers_max=1", "--json")
    document = json.loads(done.stdout)
    assert document["objective"]["value"] == 112.0
    (worth,) = document["plan"]["worth"]
    assert worth["core_per_s"] == pytest.approx(6.0)
    assert worth["tenth_of_gpu_per_s"] == pytest.approx((50 - 6) / 5)
    assert document["plan"]["unused"] == {"cpu_cores": 0.0, "gpus": 0.0}


def test_what_infless_published(tmp_path: Path) -> None:
    """340 requests/s of ResNet-50 on a server of 40 cores and 3 GPUs one by one, 780 in batches; and its rates."""
    problem = so.load(INSTANCES / "resnet50-cluster")
    published = {(4, 4, 30): 53, (1, 2, 10): 16, (2, 2, 10): 27, (2, 2, 40): 33, (4, 4, 50): 55, (2, 2, 50): 39}
    published |= {(2, 2, 30): 31, (2, 2, 20): 28, (8, 4, 30): 69, (1, 2, 0): 6, (4, 4, 10): 40, (4, 4, 20): 45}
    published |= {(4, 2, 20): 43, (8, 4, 10): 48, (8, 8, 10): 50, (8, 4, 20): 57, (8, 8, 20): 59, (4, 2, 10): 35}
    published |= {(2, 2, 0): 8, (8, 8, 0): 25, (4, 4, 0): 14, (4, 2, 50): 50}
    ours = {(own.batch, own.cores, own.percent): own for own in problem.data.configs}
    assert {key: ours[key].measured for key in published} == published
    assert all(own.measured == pytest.approx(own.batch / own.time_s, abs=1.0) for own in ours.values())
    one = ["--set", "objective=throughput", "--set", "servers_max=1"]
    document = json.loads(run("explain", "resnet50-cluster", *one, "--json").stdout)
    assert (document["plan"]["status"], document["plan"]["objective"]["value"]) == ("optimal", 780.0)
    assert {own["name"]: own["value"] for own in document["beside"]}["one by one"] == 340.0


def test_every_verb(tmp_path: Path) -> None:
    """On one small instance: validate, table, front, fleet, clashing limits, picture."""
    folder = small(tmp_path)
    assert "1 miss" not in run("validate", str(folder)).stdout
    assert "1 are outclassed" in run("validate", str(folder)).stdout
    assert "fragments" in run("solve", str(folder)).stdout
    front = so.pareto(so.load(folder), ("servers", "resources"))
    assert front.complete
    done = run("solve", str(folder), "--set", "servers_max=1", "--set", "throughput_min_per_s=120")
    assert done.code == 3
    assert has_line(done.stdout, "least servers with throughput at least 120 requests/s is 2")
    fleet = run("fleet", str(folder), str(small(tmp_path / "b", '"small"', '"other"')), "--budget-usd-per-hour", "4")
    assert "optimal" in fleet.stdout
    axes = plot_servers(so.solve(folder))
    assert len(axes.patches) >= 2
