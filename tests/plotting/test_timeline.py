"""Time in pictures: cells, units, ticks and words."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest

from serflow_opt.plotting.timeline import CELLS, Timeline, duration

matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    plt.close("all")


def test_short_rest_joins_the_cell_before() -> None:
    """The last cell of a timeline is never a sliver, and rates are by its true length."""
    timeline = Timeline(np.array([0.0, 60.0, 120.0, 180.0]), 200.0)
    assert timeline.edges.tolist() == [0, 60, 120, 200]
    assert timeline.per_second(np.array([60, 120, 60, 20])).tolist() == [1, 2, 1]
    assert Timeline(np.array([0.0, 60.0, 120.0, 180.0]), 211.0).edges.tolist() == [0, 60, 120, 180, 211]


@pytest.mark.parametrize(
    ("seconds", "unit"), [(60, "second"), (3600, "minute"), (86400, "hour"), (14 * 86400, "day"), (9e8, "day")]
)
def test_units_and_few_ticks(seconds: float, unit: str) -> None:
    """A minute and years alike have a fitting unit and a dozen ticks at most, and keep their sums."""
    rows = np.arange(3000, dtype=float) * seconds / 3000
    timeline = Timeline(rows, seconds)
    assert timeline.unit.name == unit
    assert len(timeline.edges) <= CELLS + 1
    amounts = np.random.default_rng(0).random(3000)
    lengths = np.diff(timeline.edges) * timeline.unit.seconds
    assert timeline.per_second(amounts) @ lengths == pytest.approx(amounts.sum())
    ax = plt.subplots()[1]
    timeline.label(ax)
    low, high = ax.get_xlim()
    assert 4 <= sum(low <= tick <= high for tick in ax.get_xticks()) <= 12
    assert ax.get_xlabel().startswith(f"time ({unit}s), means over ")


def test_durations_in_words() -> None:
    """Lengths of time are said as people say them."""
    assert [duration(s) for s in (1, 30, 60, 300, 5400, 86400, 0.5)] == [
        "1 second",
        "30 seconds",
        "1 minute",
        "5 minutes",
        "1.5 hours",
        "1 day",
        "0.5 seconds",
    ]
