"""Pictures: what they say is what the plan says, nothing is written over something else, and what cannot be drawn."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from support import tiny
from support.helpers import changed, load, two_tiers
from support.tiny import only_split

import serflow_opt as so
from serflow_opt.fronts.front import Front
from serflow_opt.plan.document import Plan
from serflow_opt.plotting import (
    plot_exits,
    plot_front,
    plot_front_3d,
    plot_network,
    plot_parallel,
    plot_plan,
    plot_relaxing,
)
from serflow_opt.plotting.text import amount, brief, money, objective_title, percent
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.loader import shipped_folder
from serflow_opt.sensitivity.relax import relax

matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    plt.close("all")


def written(ax: Any) -> list[str]:
    """All that is written on axes, a line each."""
    return [line for text in ax.texts for line in text.get_text().split("\n")]


def overlapping(ax: Any) -> list[tuple[str, str]]:
    """Texts that are written over each other, by more than rounding."""
    ax.figure.canvas.draw()
    boxes = [(text.get_text(), text.get_window_extent()) for text in ax.texts]
    pairs = []
    for (a, one), (b, other) in itertools.combinations(boxes, 2):
        wide = min(one.x1, other.x1) - max(one.x0, other.x0)
        high = min(one.y1, other.y1) - max(one.y0, other.y0)
        if wide > 1 and high > 1:
            pairs.append((a, b))
    return pairs


def outside(ax: Any) -> list[str]:
    """Texts that are cut off by the edge of the picture."""
    ax.figure.canvas.draw()
    width, height = ax.figure.canvas.get_width_height()
    boxes = [(text.get_text(), text.get_window_extent()) for text in ax.texts]
    return [text for text, box in boxes if box.x0 < 0 or box.y0 < 0 or box.x1 > width or box.y1 > height]


@pytest.fixture
def unsolvable(tmp_path: Path) -> Plan:
    return so.solve(load(changed(two_tiers(), workload={"latency_slo_ms": 1.0}), tmp_path))


# ----------------------------------------------------------------------------------------------------
# Network


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


# ----------------------------------------------------------------------------------------------------
# Exits


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


# ----------------------------------------------------------------------------------------------------
# Relaxing


def test_a_curve_of_optima() -> None:
    """1.125 up to accuracy 0.88, 1.375 up to 0.945, nothing beyond; the own limit, 0.9, is solved for, too."""
    instance = tiny.two_stages(accuracy_min=0.9)
    ax: Any = plot_relaxing(instance, "accuracy_min", [0.85, 0.93, 0.96])
    dots = [(x, y) for line in ax.lines if line.get_marker() == "o" for x, y in zip(*line.get_data(), strict=True)]
    assert dots == [pytest.approx(dot) for dot in ((0.85, 1.125e6), (0.9, 1.375e6), (0.93, 1.375e6))]
    held = [line.get_xdata() for line in ax.lines if line.get_linestyle() == "-" and len(line.get_xdata()) == 2]
    assert [pytest.approx(list(x)) for x in held] == [[0.85, 0.88], [0.9, 0.945], [0.93, 0.945]]
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["the optimum is in here", "1-2 vm: v", "no plan", "asked for: 0.9"]
    assert ax.get_xlabel() == "accuracy asked for, at least"
    assert ax.get_ylabel() == "USD per million requests"


def test_a_curve_that_is_known_is_not_solved_again() -> None:
    """A relaxing that was computed is drawn as it is, with each placement named."""
    instance = tiny.two_stages()
    curve = relax(instance, "latency_slo_ms", [500.0, 1000.0, 3000.0, 5000.0])
    ax: Any = plot_relaxing(instance, "latency_slo_ms", [], curve=curve)
    assert {line.get_label() for line in ax.lines} >= {"1-2 vm: v", "1 vm: v, 2 fn: f", "1-2 fn: f"}
    assert ax.get_xlabel() == "latency allowed, worst (ms)"


def test_no_plan_for_any_value() -> None:
    """A curve without any point is refused in words."""
    with pytest.raises(ValueError, match="no plan for any value"):
        plot_relaxing(tiny.two_stages(), "accuracy_min", [0.97, 0.98])


# ----------------------------------------------------------------------------------------------------
# Fronts


@pytest.fixture
def front(tmp_path: Path) -> Front:
    """The four plans of `two_tiers` in cost, worst-case latency and accuracy; see test_label_setting.py."""
    return so.pareto(load(two_tiers(), tmp_path), ("cost", "latency", "accuracy"))


def test_every_objective_has_a_name_and_unit() -> None:
    """No axis stands without its unit."""
    units = {"cost": "USD", "latency": "(ms)", "accuracy": "accuracy", "privacy": "leak", "energy": "J"}
    for name, unit in units.items():
        assert unit in objective_title(name, "mean")


def test_lines_of_a_front_have_their_best_at_the_top(front: Front) -> None:
    """Each axis has its best value at the top, whichever way it is counted."""
    ax: Any = plot_parallel(front)
    lines = [list(line.get_ydata()) for line in ax.lines if len(line.get_xdata()) == 3]
    assert len(lines) == len(front.plans)
    points = np.array(front.points) * [1, 1, -1]
    expected = 1 - (points - points.min(axis=0)) / np.ptp(points, axis=0)
    assert sorted(lines) == [pytest.approx(row) for row in sorted(expected.tolist())]
    labels = ax.get_xticklabels()
    assert [label.get_fontweight() for label in labels] == ["bold"] * 3
    assert overlapping(ax) == []


def test_metrics_that_were_not_asked_for_stand_beside(front: Front, tmp_path: Path) -> None:
    """Metrics beside the objectives are drawn, in a lighter letter."""
    flat = front.model_copy(update={"objectives": ["cost", "latency"]})
    ax: Any = plot_parallel(flat)
    weights = {label.get_text().split("\n")[0]: label.get_fontweight() for label in ax.get_xticklabels()}
    assert weights == {"cost, USD per": "bold", "latency, worst": "bold", "accuracy": "normal"}


def test_space_shows_three(front: Front) -> None:
    """Points in space are those of the front, with better accuracy in front."""
    ax: Any = plot_front_3d(front)
    x, y, z = (
        np.concatenate([line.get_data_3d()[i] for line in ax.lines if line.get_marker() != "None"]) for i in range(3)
    )
    expected = sorted((1e6 * cost, latency, accuracy) for cost, latency, accuracy in front.points)
    assert [pytest.approx(row) for row in sorted(zip(x, y, z, strict=True))] == expected
    assert ax.zaxis.get_inverted()
    assert not ax.xaxis.get_inverted()


def test_fronts_that_cannot_be_drawn(front: Front) -> None:
    """Empty and flat fronts and wrong axes are refused with what to use instead."""
    empty = front.model_copy(update={"plans": []})
    for draw in (plot_front, plot_front_3d, plot_parallel):
        with pytest.raises(ValueError, match="no plan to draw"):
            draw(empty)
    with pytest.raises(ValueError, match="flat: use plot_front"):
        plot_front_3d(front.model_copy(update={"objectives": ["cost", "latency"]}))
    with pytest.raises(ValueError, match="projection"):
        plot_front_3d(front, plt.subplots()[1])


@pytest.mark.parametrize("objectives", [["privacy", "energy"], ["energy", "cost"], ["latency", "privacy", "energy"]])
def test_fronts_of_privacy_and_energy(objectives: list[Any]) -> None:
    """Four plans of one instance, whatever they are on a front of."""
    instance = only_split()
    plans = [so.solve(dataclasses.replace(instance, minimize=name)) for name in ("cost", "privacy", "energy")]
    made = Front.model_construct(
        instance="made", objectives=objectives, latency_measure="worst", plans=plans, complete=True, coverage=0.0
    )
    ax: Any = plot_front(made)
    assert ax.get_xlabel() == objective_title(objectives[0], "worst")
    assert ax.get_ylabel() == objective_title(objectives[1], "worst")
    assert plot_parallel(made).lines
    if len(objectives) == 3:
        assert plot_front_3d(made).lines


# ----------------------------------------------------------------------------------------------------
# Words


def test_numbers_in_words() -> None:
    """Bytes, shares and money are shown with the digits that matter."""
    assert [amount(size) for size in (0, 512, 4608, 62_720, 12_845_056)] == [
        "0 B",
        "512 B",
        "4.61 kB",
        "62.7 kB",
        "12.8 MB",
    ]
    assert [percent(share) for share in (0, 0.0001, 0.7689, 0.9996, 1)] == [
        "0.0 %",
        "<0.1 %",
        "76.9 %",
        "100 %",
        "100 %",
    ]
    assert [brief(value) for value in (0, 0.0298, 56.44, 492.46, 7.2e-5, 625e3)] == [
        "0",
        "0.0298",
        "56.4",
        "492",
        "7.2e-05",
        "625,000",
    ]
    assert money(4.3e-6) == (pytest.approx(4.3), "a million")
    assert money(4.5e-10) == (pytest.approx(0.45), "a billion")


def test_a_plan_over_time_keeps_dollars_from_being_mathematics() -> None:
    """A dollar in a name is a dollar, not the beginning of a formula."""
    instance: Instance = tiny.two_stages(name="a $ or $ two")
    assert r"a \$ or \$ two" in plot_plan(so.solve(instance)).get_title()
