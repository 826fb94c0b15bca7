"""What a plan with batches costs, by arithmetic."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.helpers import load

import serflow_opt as so


def test_a_batch_of_two(tmp_path: Path) -> None:
    """Two stages, half leave at the first: 4 ms for two, then 4 ms with chance 1/4, 3 ms with 1/2."""
    document = {
        "schema": 1,
        "name": "two",
        "network": {"stages": "stages.csv", "input_bytes": 10},
        "exits": {"table": "exits.csv"},
        "workload": {"rate_per_s": 1000.0, "utilisation_cap": 0.5, "latency_slo_ms": 20.0},
        "objective": {"minimize": "cost", "accounting": "reserved"},
        "tier": [
            {
                "name": "gpu",
                "kind": "vm",
                "batch": [1, 2],
                "batch_wait_ms": [1.0],
                "stage_times": "times.csv",
                "option": [{"name": "card", "usd_per_hour": 3.6}],
            }
        ],
        "tables": {
            "stages.csv": [{"stage": s, "flops": 1.0, "activation_bytes": 10, "parameter_bytes": 10} for s in (1, 2)],
            "exits.csv": [
                {"stage": 1, "threshold": 0.5, "exit_rate": 0.5, "accuracy": 1.0},
                {"stage": 2, "threshold": 0, "exit_rate": 1.0, "accuracy": 1.0},
            ],
            "times.csv": [
                {"stage": s, "option": "card", "batch": n, "mean_ms": 2.0 + n} for s in (1, 2) for n in (1, 2)
            ],
        },
    }
    instance = load(document, tmp_path)
    plan = so.solve(instance)
    assert plan.metrics is not None
    # of both: 500 batches a second of 4 + 4 / 4 + 3 / 2 = 6.5 ms are 3.25 machines of work, 7 at half load
    # of the first: 500 of 4 ms, then 500 of 3 ms one by one: 4 and 3; none: 1000 of 3 and 500 of 3, 9
    assert plan.metrics.cost_usd_per_hour == pytest.approx(7 * 3.6)
    assert plan.metrics.latency_worst_ms == pytest.approx(1 + 4 + 3)  # of plans of 7 the fastest
    document = plan.to_dict()
    document["plan"]["batches"] = [{"stages": [1, 2], "batch": 2, "wait_ms": 1.0}]
    both = so.evaluate(instance, document)
    assert both.cost_usd_per_hour == pytest.approx(7 * 3.6)
    assert both.latency_worst_ms == pytest.approx(1 + 4 + 4)
    assert both.machines[0].utilisation == pytest.approx(3.25 / 7)
    slow = so.evaluate(instance.with_limits(rate_per_s=900.0), document)
    assert [own.limit for own in slow.breaches] == ["batches of stages 1 to 2"]  # 1 + 0.9 come in a millisecond
