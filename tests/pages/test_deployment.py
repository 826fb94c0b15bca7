"""The page of a deployment."""

from __future__ import annotations

from typing import Any

from serflow_opt.pages.page import page_of

BLOCK = {
    "stages": [1, 3],
    "requests_per_s": 143.0,
    "machine": "m4.large",
    "count": 10,
    "machine_requests_per_s": 16.0,
    "busy": 0.88,
    "function": "lambda",
    "function_requests_per_s": 1.84,
    "usd_per_hour": {"machines": 1.0, "functions": 0.5},
    "pools": [],
}
METRICS = {"usd_per_hour": 1.5, "usd_per_million_requests": 2.9, "latency_worst_ms": 900.0, "latency_mean_ms": 70.0}
DEPLOYMENT = {
    "instance": "libra",
    "status": "optimal",
    "demand": {"mean_per_s": 143.0},
    "bound": 1.5,
    "method": "by hand",
    "blocks": [BLOCK],
    "thresholds": [{"stage": 2, "threshold": 0.75}],
    "metrics": METRICS,
}


def test_blocks_and_money(read: Any) -> None:
    """What is rented, what it costs an hour and a month of 730, who leaves where, what no deployment is below."""
    text = read(page_of(DEPLOYMENT)).text
    for said in ("10 x m4.large", "$1.50", "$1,095.00", "stage 2: 0.75", "no deployment is below1.5 USD/h"):
        assert said in text


def test_two_pools_share_a_block(read: Any) -> None:
    """Both are named."""
    pools = [{"machine": "a", "count": 1}, {"machine": "b", "count": 2}]
    assert "1 x a; 2 x b" in read(page_of({**DEPLOYMENT, "blocks": [{**BLOCK, "pools": pools}]})).text


def test_none_is_told(read: Any) -> None:
    """Without a deployment the reason stands there."""
    text = read(page_of({**DEPLOYMENT, "status": "infeasible", "blocks": [], "metrics": {}, "reason": "why"})).text
    assert "infeasible" in text
    assert "why" in text
