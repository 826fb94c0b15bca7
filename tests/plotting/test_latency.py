"""Pictures of latencies: the share that is slower, at every scale."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from support.traffic_pictures import (
    legend,
    overlapping,
    simulation,
)

from serflow_opt.plotting import plot_latency
from serflow_opt.plotting.latency import rare

matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    plt.close("all")


def curves(ax: Any) -> list[Any]:
    """Lines that are curves, not marks or targets."""
    return [line for line in ax.lines if line.get_drawstyle() == "steps-post"]


def at(line: Any, latency: float) -> float:
    """The share that a curve has at a latency."""
    x, y = line.get_data()
    return float(y[np.flatnonzero(x <= latency)[-1]])


def test_share_that_is_slower() -> None:
    """One machine, 0.5 s each, functions 0.25 s for those that find no worker."""
    run = simulation(slo_s=0.3)
    ax: Any = plot_latency(run)
    (line,) = curves(ax)
    slower = run.by_machine[0] / run.arrivals
    assert 0 < slower < 1
    assert line.get_ydata()[0] == 1
    assert at(line, 250) == pytest.approx(slower)
    assert at(line, 300) == pytest.approx(run.violations / run.arrivals)
    assert at(line, 500) < 1 / run.arrivals / 5  # nobody, below the axis
    (target,) = (line for line in ax.lines if line.get_linestyle() == "--")
    assert list(target.get_xdata()) == [300, 300]
    marks = {line.get_marker(): float(line.get_xdata()[0]) for line in ax.lines if line.get_marker() in "osD"}
    assert marks == {"o": run.percentile(50) * 1000, "s": run.percentile(95) * 1000, "D": run.percentile(99) * 1000}
    assert ax.get_xlabel() == "latency (ms)"
    assert ax.get_yscale() == "log"
    late = rare(run.violations / run.arrivals)
    p50 = f"{run.percentile(50) * 1000:.0f}"
    assert legend(ax) == ["target 300 ms", f"script: p50 {p50} ms, p95 500 ms, p99 500 ms; {late} late"]
    assert overlapping(ax) == []


def test_dropped_requests_are_slower_than_all() -> None:
    """Who was dropped stands beyond all latencies, so that the target's share is right."""
    run = simulation(function=False, timeout_s=0.25, slo_s=0.6)
    ax: Any = plot_latency([run])
    (line,) = curves(ax)
    lost = sum(run.dropped.values()) / run.arrivals
    assert line.get_ydata()[-1] == pytest.approx(lost)
    assert line.get_xdata()[-1] > ax.get_xlim()[1]
    assert at(line, 600) == pytest.approx(run.violations / run.arrivals)
    assert legend(ax)[1].endswith(
        f"p99 dropped; {rare(run.violations / run.arrivals - lost)} late; {rare(lost)} dropped"
    )


def test_many_latencies_are_few_points() -> None:
    """Three hundred thousand latencies are drawn by a thousand points, right to 5 % of any share."""
    latency = np.random.default_rng(0).lognormal(0, 2, 300_000).astype(np.float32)
    run = dataclasses.replace(simulation(), latency=latency, arrivals=len(latency), served=len(latency))
    ax: Any = plot_latency([run, dataclasses.replace(run, policy="twice", latency=2 * latency)])
    one, two = curves(ax)
    for line, values in ((one, latency), (two, 2 * latency)):
        x, y = line.get_data()
        assert len(x) < 1500
        for share in (0.9, 0.5, 0.1, 1e-3, 1e-5):
            drawn = float(y[np.flatnonzero(x <= np.quantile(values, 1 - share))[-1]])
            assert drawn == pytest.approx(share, rel=0.05)
    assert ax.get_xlabel() == "latency (s)"
    assert ax.get_xscale() == "log"
    assert one.get_linestyle() != two.get_linestyle()
    assert not [line for line in ax.lines if line.get_linestyle() == "--" and line not in (one, two)]  # no target
    assert [text.split(":")[0] for text in legend(ax)] == ["script", "twice"]


def test_shares_that_may_be_small() -> None:
    """Small shares are shown with the digits they have."""
    assert [rare(share) for share in (0, 1e-6, 3.5e-4, 0.075, 0.194, 0.999, 1)] == [
        "0 %",
        "<0.001 %",
        "0.035 %",
        "7.5 %",
        "19 %",
        "100 %",
        "100 %",
    ]
