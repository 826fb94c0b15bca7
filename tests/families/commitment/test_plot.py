"""Pictures of commitments."""

from __future__ import annotations

from pathlib import Path

import pytest

import serflow_opt as so
from serflow_opt.families.commitment.plot import plot_commitments


def test_bars_are_as_long_as_the_money(tmp_path: Path) -> None:
    """Of 1 and 3 one machine is reserved at 40 % off: 0.6 paid and used, 0.4 saved, 1 on demand on average."""
    (tmp_path / "demand.csv").write_text("hours,a\n1,1\n1,3\n")
    (tmp_path / "instance.toml").write_text(
        'schema = 1\nkind = "commitment"\nname = "c"\ndemand = "demand.csv"\n[[rented]]\nname = "a"\nusd_per_hour = 1\n'
        '[[plan]]\nname = "p"\ncovers = ["a"]\nmonths = 12\ndiscount = 0.4\n'
    )
    axes = plot_commitments(so.solve(tmp_path))
    assert [bar.get_width() / 8760 for bar in axes.patches] == pytest.approx([0.6, 0.0, 0.4, 1.0])
