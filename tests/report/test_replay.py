"""Keep-alive policies over the same requests: a row each."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from rich.console import Console

from serflow_opt.report.replay import replay_table


def test_rows_show_what_each_policy_pays_a_request() -> None:
    """Half a day of two requests: shares in per cent, seconds and money with the digits they have."""
    own = SimpleNamespace(policy="fixed", words="10 min", cold=0.125, idle_s=600.0, cost_usd=1.5e-6)
    replay: Any = SimpleNamespace(instance="azure", requests=2000, trace="t", seconds=43_200.0, policies=[own])
    console = Console(width=140)
    with console.capture() as capture:
        console.print(replay_table(replay))
    head, _, row = capture.get().splitlines()
    assert "2,000 requests of t over 0.5 days" in head
    assert row.split() == ["fixed", "10", "min", "12.500%", "600", "1.5e-06"]
