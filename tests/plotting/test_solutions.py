"""Fronts of any family drawn."""

from __future__ import annotations

from pathlib import Path

import pytest
from matplotlib.figure import Figure
from support.helpers import run
from support.sacks import drawn, write

import serflow_opt as so
from serflow_opt.plotting.solutions import plot_solutions


def test_a_command_draws_every_view(tmp_path: Path) -> None:
    """`pareto --plot` writes a picture for kinds other than placement, too; space takes three quantities."""
    sack = write(tmp_path, "sack", drawn(2)[:6], "weight_max = 3000")
    for view in ("plane", "parallel", "space"):
        out = tmp_path / f"{view}.png"
        ended = run("pareto", sack, "value", "weight", "price", "--plot", out, "--view", view)
        assert ended.code == 0, ended.stderr
        assert out.stat().st_size > 0


def test_dots_stand_where_decisions_are(tmp_path: Path) -> None:
    """In a plane a decision is a dot at its first two quantities, in parallel a line with a height for each."""
    front = so.pareto(write(tmp_path, "sack", drawn(2)[:6], "weight_max = 3000"), ["value", "weight"])
    axes = plot_solutions(front, Figure().subplots())
    assert [tuple(dot) for dot in axes.collections[0].get_offsets()] == front.points
    lines = plot_solutions(front, Figure().subplots(), "parallel").lines
    assert len(lines) == len(front.plans) + 2
    with pytest.raises(ValueError, match="three quantities"):
        plot_solutions(front, None, "space")
