"""Fronts of three objectives in space."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest

from serflow_opt.fronts.front import Front
from serflow_opt.plotting import (
    plot_front_3d,
)

matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    plt.close("all")


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
