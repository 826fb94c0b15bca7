"""A schedule in a picture."""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
from support.shifts import MACHINE, written

import serflow_opt as so
from serflow_opt.families.shifting.plot import plot_shift


def test_hours_are_drawn(tmp_path: Path) -> None:
    """Served and coming requests stand as steps, grams beside them."""
    axes = plot_shift(so.solve(written(tmp_path, "", tables=MACHINE)))
    steps = [patch.get_data().values.tolist() for patch in axes.patches]
    assert steps == [[4.0, 2.0], [4.0, 2.0]]
    assert axes.get_title(loc="left") == "small: 226.8 g CO2e"
    plt.close("all")
