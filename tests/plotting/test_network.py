"""Pictures of networks: what they say is what the plan says, and nothing is written over something else."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib
import matplotlib.pyplot as plt
import pytest
from support import tiny
from support.helpers import load, two_tiers
from support.plan_pictures import overlapping
from support.tiny import only_split

import serflow_opt as so
from serflow_opt.plan.document import Plan
from serflow_opt.plotting import (
    plot_exits,
    plot_network,
)
from serflow_opt.problem.loader import shipped_folder

matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    plt.close("all")


def written(ax: Any) -> list[str]:
    """All that is written on axes, a line each."""
    return [line for text in ax.texts for line in text.get_text().split("\n")]


def outside(ax: Any) -> list[str]:
    """Texts that are cut off by the edge of the picture."""
    ax.figure.canvas.draw()
    width, height = ax.figure.canvas.get_width_height()
    boxes = [(text.get_text(), text.get_window_extent()) for text in ax.texts]
    return [text for text, box in boxes if box.x0 < 0 or box.y0 < 0 or box.x1 > width or box.y1 > height]


def test_a_network_says_what_the_plan_does() -> None:
    """Stage 1 on the VM, half leave, 80 % of them right; noise, 4 B, half cross; 96 % of the others right."""
    instance = dataclasses.replace(only_split(), privacy=dataclasses.replace(only_split().privacy, mse_min=0.5))
    ax = plot_network(instance, so.solve(instance))
    said = written(ax)
    for line in ("vm", "fn", "v", "f", "1", "2", "input", "50.0 % leave", "conf ≥ 0.5", "80.0 % right"):
        assert line in said, line
    for line in ("50.0 % end here", "96.0 % right", "4 B sent", "laplace 1", "not trusted, leak 0.25"):
        assert line in said, line
    assert "accuracy −12.5 points" in said  # 0.125 of those who cross
    assert ax.get_title().replace("\N{NO-BREAK SPACE}", " ").startswith("tiny: worst ")


def test_bars_are_times_and_money() -> None:
    """VM alone: 1 s, after 0.5 s for the input, and 2 s; money 0.5 + 0.125 and 2 s at 0.5 for half."""
    instance = tiny.one_vm()
    said = written(plot_network(instance, so.solve(instance)))
    assert ("1500" in said, "2000" in said) == (True, True)
    assert ("625,000" in said, "500,000" in said) == (True, True)


def test_the_printed_formula_shows_no_money_by_stage() -> None:
    """The formula as printed has no cost by stage: the picture shows none."""
    instance = tiny.two_stages(accounting="as-printed")
    assert not any(line.startswith("USD") for line in written(plot_network(instance, so.solve(instance))))


def test_variants_are_named() -> None:
    """A plan in eight bits says so in its picture."""
    instance = tiny.in_variants(minimize="latency")
    plan = so.solve(instance)
    assert plan.plan is not None
    assert plan.plan.variants
    assert "int8" in written(plot_network(instance, plan))


def test_mixed_thresholds_are_named() -> None:
    """A threshold that is drawn at random is shown with both its values."""
    instance = tiny.two_stages(threshold_mode="randomized", accuracy_min=0.9)
    assert "≥ 0.5 or 1" in written(plot_network(instance, so.solve(instance)))


@pytest.mark.parametrize("name", ["digits/private.toml", "alexnet-cifar10", "mobilenet-v3-edge-cloud"])
def test_nothing_is_written_over_something_else(name: str) -> None:
    """No text of a picture covers another or leaves the page."""
    instance = so.load(shipped_folder() / name)
    ax = plot_network(instance, so.solve(instance))
    assert overlapping(ax) == []
    assert outside(ax) == []


def test_axes_that_are_given_are_used() -> None:
    """Pictures go into the axes that the caller gives, and open no other."""
    instance = tiny.two_stages()
    plan = so.solve(instance)
    for draw in (lambda ax: plot_network(instance, plan, ax), lambda ax: plot_exits(instance, ax, plan)):
        ax = plt.subplots()[1]
        assert draw(ax) is ax
    assert len(plt.get_fignums()) == 2


def test_there_is_no_network_without_a_plan(unsolvable: Plan, tmp_path: Path) -> None:
    """Without a plan there is nothing to draw, and that is said."""
    with pytest.raises(ValueError, match="no plan"):
        plot_network(load(two_tiers(), tmp_path / "again"), unsolvable)
