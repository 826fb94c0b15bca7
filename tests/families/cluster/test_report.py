"""Plans of clusters in words."""

from __future__ import annotations

from typing import Any

from rich.text import Text

from serflow_opt.families.cluster.report import plan_parts, plan_words

ONE: dict[str, Any] = {"model": "net", "batch": 4, "instances": 2, "cpu_cores": 1.0, "gpu_percent": 50.0}


def test_a_plan_in_a_line_adds_up_servers_of_a_type() -> None:
    """Two fillings of one type are one number of servers; nothing opened is said to be so."""
    servers = [{"server": "box", "count": 2}, {"server": "box", "count": 1}, {"server": "big", "count": 1}]
    plan = {"servers": servers, "models": [{"instances": [{"instances": 3}, {"instances": 4}]}]}
    assert plan_words(plan) == "3 box + 1 big, 7 instances"
    assert plan_words({"servers": [], "models": []}) == "no server, 0 instances"


def test_cards_that_are_filled_alike_are_said_once() -> None:
    """And what is left over is told in shares, what a core is worth in requests."""
    server = {"server": "box", "count": 1, "cpu": [], "cards": [[ONE], [ONE]]}
    unused = {"cpu_cores": 0.25, "gpus": 0.0}
    worth = [{"server": "box", "core_per_s": 6.0}]
    parts = plan_parts({"servers": [server], "models": [], "unused": unused, "worth": worth})
    assert parts[0].rows[0][2] == "2 cards of 2x net batch 4 1 cores, 50 %"  # type: ignore[attr-defined]
    lines = [part.plain for part in parts if isinstance(part, Text) and part.plain]
    assert lines == [
        "fragments   25.0% of cores, 0.0% of GPUs on opened servers are not used",
        "worth       a core 6 requests/s more on box",
    ]
