"""What a plan with batches costs, by arithmetic."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.helpers import load
from support.two_stages import document

import serflow_opt as so


def test_a_batch_of_two(tmp_path: Path) -> None:
    """Two stages, half leave at the first: 4 ms for two, then 4 ms with chance 1/4, 3 ms with 1/2."""
    instance = load(document(), tmp_path)
    plan = so.solve(instance)
    assert plan.metrics is not None
    # of both: 500 batches a second of 4 + 4 / 4 + 3 / 2 = 6.5 ms are 3.25 machines of work, 7 at half load
    # of the first: 500 of 4 ms, then 500 of 3 ms one by one: 4 and 3; none: 1000 of 3 and 500 of 3, 9
    assert plan.metrics.cost_usd_per_hour == pytest.approx(7 * 3.6)
    assert plan.metrics.latency_worst_ms == pytest.approx(1 + 4 + 3)  # of plans of 7 the fastest
    own = plan.to_dict()
    own["plan"]["batches"] = [{"stages": [1, 2], "batch": 2, "wait_ms": 1.0}]
    both = so.evaluate(instance, own)
    assert both.cost_usd_per_hour == pytest.approx(7 * 3.6)
    assert both.latency_worst_ms == pytest.approx(1 + 4 + 4)
    assert both.machines[0].utilisation == pytest.approx(3.25 / 7)
    slow = so.evaluate(instance.with_limits(rate_per_s=900.0), own)
    assert [broken.limit for broken in slow.breaches] == ["batches of stages 1 to 2"]  # 1 + 0.9 come in a millisecond
