"""A plan over all cases as a table."""

from __future__ import annotations

import io

from rich.console import Console
from support import tiny

import serflow_opt as so
from serflow_opt.problem.uncertainty import UncertainCase, Uncertainty


def shown(asked: Uncertainty) -> str:
    """The plan of a VM alone as a terminal shows it."""
    console = Console(width=80, file=io.StringIO(), record=True)
    console.print(so.solve(tiny.one_vm(minimize="latency", uncertainty=asked)))
    return console.export_text()


def test_a_budget_tells_the_worst_case() -> None:
    """What is worst, what deviates then, and a row for each case that matters."""
    text = shown(Uncertainty(budget=1, times=(0.5, 0.5)))
    assert "believed   latency 3500 ms" in text
    assert "worst      4500 ms (+28.57%)" in text
    assert "at most 1 at once; worst for latency: time of stage 2" in text


def test_scenarios_tell_the_expected_value() -> None:
    """3,500 ms with 0.75 and 5,500 with 0.25."""
    slow = UncertainCase("slow", 0.25, times=(1.0, 2.0))
    text = shown(Uncertainty(goal="expected", scenarios=(UncertainCase("well", 0.75), slow)))
    assert "expected   4000 ms (+14.29%)" in text
    assert "worst      5500 ms (+57.14%)" in text
