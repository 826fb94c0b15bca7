"""Fronts as documents, tables and pictures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from oracles.brute_fronts import front_document
from support.a_front import MANY, shown
from support.helpers import load, two_tiers

from serflow_opt.fronts.front import Front
from serflow_opt.fronts.pareto import pareto
from serflow_opt.report.front import SHOWN


def test_frame_and_document(front: Front) -> None:
    """Frame and document hold the four plans with their figures and round-trip through JSON."""
    frame = front.to_frame()
    assert list(frame.columns[:3]) == ["cost_usd_per_request", "latency_worst_ms", "accuracy"]
    assert frame["latency_worst_ms"].tolist() == pytest.approx([550, 550, 300, 300])
    assert frame["runs_on"].tolist() == ["1-2 fn: f"] * 2 + ["1-2 vm: v"] * 2
    assert frame["thresholds"].tolist() == ["1:0.5", "1:0.9"] * 2
    document = front.to_dict()
    assert json.loads(json.dumps(document)) == document
    assert document["complete"] is True
    assert document["objectives"] == ["cost", "latency", "accuracy"]
    assert [plan["metrics"]["accuracy"] for plan in document["plans"]] == pytest.approx([0.86, 0.926] * 2)


def test_table(front: Front, tmp_path: Path) -> None:
    """The printed front says whether it is complete, how it is covered, and how many plans it shows."""
    text = shown(front)
    assert "two-tiers  4 plans  the complete front" in text
    assert "1-2 fn: f" in text
    assert "<pre>" in front._repr_html_()
    many = pareto(load(front_document(MANY), tmp_path), coverage=1e-4)
    text = shown(many)
    assert "covered within 0.0001" in text
    assert f"{SHOWN} of {len(many.plans)} plans shown" in text
    assert "hypervolume" in text


def test_plot(front: Front, tmp_path: Path) -> None:
    """The picture has the points, their tiers, units and stairs, and tells an exact front from a covered one."""
    from matplotlib.figure import Figure

    def axes() -> Any:
        return Figure().subplots()

    ax = front.plot(axes())
    assert "4 plans, complete" in ax.get_title()
    assert len(ax.collections[0].get_offsets()) == 4
    two = pareto(load(two_tiers(), tmp_path))
    ax = two.plot(axes())
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("USD per million requests", "latency, worst (ms)")
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["fn (1)", "vm (1)"]
    stairs = ax.lines[0]
    assert list(stairs.get_xdata()) == pytest.approx([43, 400])
    assert list(stairs.get_ydata()) == pytest.approx([550, 300])
    rough = pareto(load(two_tiers(), tmp_path), ("accuracy", "cost"), coverage=0.05)
    ax = rough.plot(axes())
    assert "covered within 0.05" in ax.get_title()
    assert ax.lines[1].get_linestyle() == "--"
