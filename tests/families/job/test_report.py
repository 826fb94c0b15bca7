"""Plans of jobs in words."""

from __future__ import annotations

from typing import Any

from serflow_opt.families.job.report import plan_parts, plan_words

PLAN: dict[str, Any] = {
    "platform": "functions",
    "function": "lambda-1769MB",
    "machine": None,
    "workers": 4,
    "channel": "s3",
    "pattern": "allreduce",
    "algorithm": "admm",
    "rounds": 10,
    "rounds_on_functions": 10,
    "restarts": 0,
    "seconds": {"compute": 30.0, "exchange": 10.0, "restart": 0.0},
    "usd": {"workers": 0.0, "calls": 0.0},
}


def test_a_plan_in_a_line() -> None:
    """Exchanges are told where there are several workers, restarts where there are any, turns where it takes two."""
    assert plan_words(PLAN) == "functions: 4 x lambda-1769MB, 10 rounds of admm, allreduce through s3"
    assert plan_words(PLAN | {"workers": 1, "restarts": 2}) == (
        "functions: 1 x lambda-1769MB, 10 rounds of admm, 2 restarts"
    )
    turn = PLAN | {"platform": "in turn", "machine": "c6i.large", "pattern": "ring", "rounds_on_functions": 3}
    assert plan_words(turn) == (
        "in turn: 4 x lambda-1769MB then c6i.large, 10 rounds of admm in a ring (3 on functions)"
    )


def test_shares_are_of_what_takes_any() -> None:
    """Three quarters compute, nothing restarts; money that is nothing has no shares."""
    _, time, money = plan_parts(PLAN)
    assert [row[2] for row in time.rows] == ["75%", "25%"]  # type: ignore[attr-defined]
    assert list(money.rows) == []  # type: ignore[attr-defined]
