"""The picture of a plan with batches."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.helpers import run
from support.small_batching import small

import serflow_opt as so
from serflow_opt.families.batching.plot import plot_groups


def test_the_picture_has_a_bar_for_each_application(tmp_path: Path) -> None:
    """220 ms of waiting and 180 ms of running are a's 400 ms; and the command draws it."""
    folder = small(tmp_path / "small")
    axes = plot_groups(so.solve(folder))
    assert [text.get_text() for text in axes.get_yticklabels()] == ["a", "b"]
    assert [bar.get_width() for bar in axes.patches] == [pytest.approx(w) for w in (220, 180, 620, 180)]
    assert run("solve", folder, "--plot", tmp_path / "small.png").code == 0
    assert (tmp_path / "small.png").stat().st_size > 1000
