"""Policies as tables: a row a piece."""

from __future__ import annotations

from rich.console import Console

from serflow_opt.planner.policy import Piece, Policy
from serflow_opt.report.policy import policy_table


def test_a_row_for_each_piece_and_none_left_out() -> None:
    """A piece without a plan has its row, too: rates without an answer must be seen."""
    policy = Policy("made", "rate_per_s", (Piece(1.0, 4.5, None, 0.25), Piece(4.5, 9.0, None, 0.0)))
    console = Console(width=120)
    with console.capture() as capture:
        console.print(policy_table(policy))
    head, _, first, second = capture.get().splitlines()
    assert head.split() == ["made", "by", "rate_per_s"]
    assert first.split()[:3] == ["1", "4.5", "0.25"]
    assert second.split()[:3] == ["4.5", "9", "0"]
