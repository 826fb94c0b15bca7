"""What the batches of a plan may be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from oracles.batch_plans import service

import serflow_opt as so


def test_wrong_batches_of_a_plan(tmp_path: Path) -> None:
    """A plan's batches cover the stages, stay on one option, and are offered there."""
    instance, _ = service(0, tmp_path)
    document = so.solve(instance).to_dict()
    stages = len(instance.stages)

    def told(*batches: dict[str, Any]) -> str:
        document["plan"]["batches"] = list(batches)
        with pytest.raises(so.InputError) as wrong:
            so.evaluate(instance, document)
        return str(wrong.value)

    assert "each stage in one" in told({"stages": [1, 1], "batch": 1})
    assert "measured up to" in told({"stages": [1, stages], "batch": 999, "wait_ms": 5.0})
    assert "above 0" in told({"stages": [1, stages], "batch": 2})
    assert "does not wait" in told({"stages": [1, stages], "batch": 1, "wait_ms": 5.0})
