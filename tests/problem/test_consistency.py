"""What does not go together in an instance."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support import tiny
from support.helpers import load, two_tiers

import serflow_opt as so
from serflow_opt.problem.network import Privacy


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"accuracy_min": 1.01}, "accuracy_min"),
        ({"accuracy_min": float("nan")}, "accuracy_min"),
        ({"latency_slo_ms": 0.0}, "latency_slo_ms"),
        ({"latency_slo_ms": float("nan")}, "latency_slo_ms"),
        ({"rate_per_s": -1.0}, "rate_per_s"),
        ({"latency_measure": "p49"}, "p50 to p99.9"),
        ({"latency_measure": "worse"}, "worst"),
        ({"accounting": "reserved"}, "rate_per_s"),
        ({"source": "moon"}, "moon"),
        ({"cost_max_usd": 0.0}, "cost_max_usd"),
        ({"energy_max_j": -1.0}, "energy_max_j"),
        ({"privacy_max": -0.1}, "privacy_max"),
        ({"privacy_max": float("nan")}, "privacy_max"),
        ({"privacy": Privacy(mse_min=0.0)}, "mse_min"),
        ({"privacy": Privacy(cross_entropy_max=float("nan"))}, "cross_entropy_max"),
        ({"tail": "normal"}, "latency_measure 'worst'"),
        ({"tail": "any", "latency_measure": "mean"}, "remove tail"),
        ({"minimize": "weighted"}, "without weights"),
        ({"minimize": "cost", "weights": (("cost", 1.0),)}, "weights without"),
        ({"accounting": "as-printed", "variants": (tiny.INT8,)}, "adaptations"),
    ],
)
def test_targets_that_do_not_fit_are_refused(changes: dict[str, object], words: str, instance: so.Instance) -> None:
    """Targets that are out of range, or do not go together, are named."""
    with pytest.raises(so.InputError, match=words):
        instance.with_limits(**changes)


def test_limits_of_zero_leaks_and_no_accuracy_can_be_asked_for(instance: so.Instance) -> None:
    """Zero is a limit, not the lack of one."""
    assert instance.with_limits(privacy_max=0.0, accuracy_min=0.0).privacy_max == 0.0


def test_measured_times_need_no_operations(tmp_path: Path) -> None:
    """f takes 3e-6 + 2e-4 x (0.25 x 0.4 + 0.01 + 0.02 x 0.5) USD; in half the time v takes 0.002 x (0.005 + 0.005)."""
    document = measured()
    assert so.solve(load(document, tmp_path / "a")).objective.value == pytest.approx(2.7e-5, rel=1e-9)
    document["variant"] = [{"name": "int8", "stages": [1, 2], "flops_factor": 0.5}]
    assert so.solve(load(document, tmp_path / "b")).objective.value == pytest.approx(2e-5, rel=1e-9)
    document["variant"][0]["added_flops"] = 1e6
    with pytest.raises(so.InputError, match="flops of 0 at every stage, with operations added by variant 'int8'"):
        load(document, tmp_path / "c")


def measured() -> dict[str, Any]:
    """`two_tiers` with stage times of 10 and 20 ms, and without operations."""
    document = two_tiers()
    for row in document["tables"]["stages.csv"]:
        row["flops"] = 0
    for tier in document["tier"]:
        (option,) = tier["option"]
        del option["flops_per_s"]
        tier["stage_times"] = f"{tier['name']}.csv"
        rows = [{"stage": s, "option": option["name"], "mean_ms": 10 * s} for s in (1, 2)]
        document["tables"][tier["stage_times"]] = rows
    return document
