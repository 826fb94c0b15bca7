"""Pictures of filled servers."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.small_cluster import small

import serflow_opt as so
from serflow_opt.families.cluster.plot import plot_servers


def test_bars_are_as_long_as_the_shares_taken(tmp_path: Path) -> None:
    """100 requests/s on one server: its bars of cores and of GPUs together are what the plan takes of it."""
    solution = so.solve(small(tmp_path))
    (filled,) = solution.plan["servers"]
    instances = [*filled["cpu"], *(own for card in filled["cards"] for own in card)]
    expected = sum((own["cores_share"] + own["gpus_share"]) * own["instances"] for own in instances)
    axes = plot_servers(solution)
    assert sum(bar.get_width() for bar in axes.patches) == pytest.approx(expected)
    assert [label.get_text() for label in axes.get_yticklabels()] == ["1 x box"]
