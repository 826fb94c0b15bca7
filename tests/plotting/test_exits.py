"""Curves of exits: the rows of menus, the thresholds of plans."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from support import tiny
from support.helpers import load, two_tiers

import serflow_opt as so
from serflow_opt.plan.document import Plan
from serflow_opt.plotting import (
    plot_exits,
)

matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    plt.close("all")


def curves(panel: Any) -> list[Any]:
    """Lines of a panel that are classifiers, not marks."""
    return [line for line in panel.lines if line.get_marker() == "."]


def marks(panel: Any) -> list[tuple[float, float]]:
    """Where thresholds of a plan are marked."""
    lines = [line for line in panel.lines if line.get_marker() == "o"]
    return [(float(line.get_xdata()[0]), float(line.get_ydata()[0])) for line in lines]


def test_exits_by_threshold() -> None:
    """Curves of rates and accuracies are the rows of the menus."""
    instance = tiny.three_stages()
    rates, rights = plot_exits(instance).child_axes
    assert [line.get_label() for line in curves(rates)] == ["stage 1", "stage 2"]
    assert [list(line.get_ydata()) for line in curves(rates)] == [[0.5, 0.25], [0.6, 0.2]]
    assert [list(line.get_ydata()) for line in curves(rights)] == [[0.8, 0.9], [0.85, 0.95]]
    assert marks(rates) == []


@pytest.mark.parametrize(
    ("mode", "expected"),
    [("menu", [(1.0, 0.25)]), ("randomized", [(0.5, 0.5), (1.0, 0.25)])],
)
def test_thresholds_of_a_plan_are_marked(mode: Any, expected: list[tuple[float, float]]) -> None:
    """The plan's thresholds are marked where it uses them, both of a mix."""
    instance = tiny.one_vm(threshold_mode=mode, accuracy_min=0.9)
    rates, _ = plot_exits(instance, plan=so.solve(instance)).child_axes
    assert marks(rates) == expected


def test_a_threshold_between_entries_is_marked_there() -> None:
    """R = 0.5 + 0.25 w has accuracy 0.88 + 0.065 w for weight w of the second: 0.9 at w = 4 / 13."""
    instance = tiny.one_vm(threshold_mode="interpolated", accuracy_min=0.9)
    rates, rights = plot_exits(instance, plan=so.solve(instance)).child_axes
    w = 4 / 13
    assert marks(rates) == [pytest.approx((0.5 + 0.5 * w, 0.5 - 0.25 * w), rel=1e-5)]
    assert marks(rights)[0][1] == pytest.approx((0.4 - 0.175 * w) / (0.5 - 0.25 * w), rel=1e-5)


def test_variants_have_their_own_curve() -> None:
    """A variant with its own exits has its own curve, in another stroke."""
    rates, _ = plot_exits(tiny.own_menu()).child_axes
    assert [line.get_label() for line in curves(rates)] == ["stage 1", "stage 1, int8"]
    assert curves(rates)[1].get_linestyle() == ":"


def test_nobody_leaves_has_no_accuracy() -> None:
    """Where nobody leaves there is no accuracy: a gap, not a zero."""
    instance = tiny.two_stages(menus=(tiny.menu((0.5, 0.0), (0.8, 0.0)), tiny.LAST))
    _, rights = plot_exits(instance).child_axes
    assert np.isnan(curves(rights)[0].get_ydata()[1])


def test_exits_that_cannot_be_drawn(unsolvable: Plan, tmp_path: Path) -> None:
    """Networks without exits and answers without plans are refused in words."""
    with pytest.raises(ValueError, match="no stage"):
        plot_exits(so.load("vgg16-edge-cloud"))
    with pytest.raises(ValueError, match="no plan"):
        plot_exits(load(two_tiers(), tmp_path / "again"), plan=unsolvable)
