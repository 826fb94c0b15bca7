"""The picture of a training."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.helpers import run
from support.small_training import small

import serflow_opt as so
from serflow_opt.families.training.plot import plot_round


def test_the_picture_has_a_bar_for_each_part(tmp_path: Path) -> None:
    """3 s, 1 s, none of the server and 0.5 s; nobody waits."""
    folder = small(tmp_path / "a")
    axes = plot_round(so.solve(folder))
    assert [bar.get_width() for bar in axes.patches] == [pytest.approx(w) for w in (3, 1, 0, 0.5, 0)]
    assert run("solve", folder, "--plot", tmp_path / "a.png").code == 0
    assert (tmp_path / "a.png").stat().st_size > 1000
