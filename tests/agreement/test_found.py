"""Small instances that were answered wrongly once; the right values are by hand or by enumeration."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.helpers import run

import serflow_opt as so

FOUND = Path(__file__).parents[1] / "data" / "found"


@pytest.mark.parametrize("method", ["auto", "milp"])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("wrong-optimal-near-limit", 20 + 0.462 + 0.531712),  # ms; HiGHS said 725, far from what multipliers prove
        ("isinf-object", 5.6647724109e9),  # USD; 1.098e20 machines are beyond 64 bits; by enumeration
        ("zero-division", 0.0),  # one plan is best in both objectives of the weighted one
    ],
)
def test_what_was_wrong_once_is_right(name: str, value: float, method: Any) -> None:
    """Instances that were once answered wrongly keep their right value and a proof."""
    plan = so.solve(FOUND / name / "instance.toml", method=method)
    assert plan.status == "optimal"
    assert plan.objective.value == pytest.approx(value, rel=1e-6, abs=1e-12)
    assert plan.gap is not None
    assert plan.gap <= 1e-6


def test_a_value_of_0_is_printed() -> None:
    """An optimum of 0 is an answer, not a missing one."""
    ran = run("solve", FOUND / "zero-division", "--method", "milp")
    assert (ran.code, "proven optimal" in ran.stdout) == (0, True)
