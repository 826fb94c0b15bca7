"""Fronts that are drawn flat, and those that cannot be."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import matplotlib
import matplotlib.pyplot as plt
import pytest
from support.tiny import only_split

import serflow_opt as so
from serflow_opt.fronts.front import Front
from serflow_opt.plotting import (
    plot_front,
    plot_front_3d,
    plot_parallel,
)
from serflow_opt.plotting.text import objective_title

matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    plt.close("all")


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
