"""Pictures of pools: what is drawn adds up to what the tables say, and nothing is written over something else."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import matplotlib
import matplotlib.pyplot as plt
import pytest
from support.traffic_cases import trace
from support.traffic_pictures import (
    COUNTS,
    area,
    comparison,
    legend,
    overlapping,
    scheduled,
    simulation,
    steps,
)

from serflow_opt.plotting import plot_latency, plot_policies, plot_pools, plot_schedule, plot_spending

matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    plt.close("all")


@pytest.mark.parametrize("blocks", [1, 2])
def test_pools_add_up_to_the_table(blocks: int) -> None:
    """Areas drawn are the sums of the table, machines and function alike."""
    run = simulation(blocks)
    frame = run.to_frame()
    axes: Any = plot_pools(run)
    assert len(axes) == 1 + 2 * blocks
    assert area(axes[0], "") == pytest.approx(sum(COUNTS))
    assert legend(axes[0]) == [f"{sum(COUNTS)} requests"]
    for b in range(blocks):
        rows = frame[frame["block"] == b]
        machines, function = axes[1 + 2 * b : 3 + 2 * b]
        assert area(machines, "paid for") == pytest.approx(rows["machines_billed"].sum())
        top, _, lengths = steps(machines, "serving")
        assert top @ lengths == pytest.approx(rows["machines_ready"].sum())
        assert machines.get_ylabel() == f"block {b + 1}\n(machines)"
        assert legend(machines)[0] == r"m\$1"
        took = rows["function_requests"].sum()
        assert took > 0
        assert area(function, "on the function") == pytest.approx(took)
        assert legend(function) == [f"on the function: {100 * took / rows['arrivals'].sum():.1f} %"]
        assert function.get_ylabel() == "function\n(requests/s)"
    assert axes[0].get_ylabel() == "traffic\n(requests/s)"
    assert [ax.get_xlabel() for ax in axes[:-1]] == [""] * (2 * blocks)
    assert axes[-1].get_xlabel() == "time (seconds), means over 1 second"
    assert len({ax.get_xlim() for ax in axes}) == 1


@pytest.mark.parametrize("machines", [0, 1])
def test_nothing_is_written_over_something_else(machines: int) -> None:
    """No text of a picture of pools covers another."""
    assert overlapping(*plot_pools(simulation(2, machines=machines))) == []


def test_start_up_is_paid_for_and_does_not_serve() -> None:
    """A machine that starts is drawn as paid for and not as serving."""
    machines: Any = plot_pools(simulation())[1]
    assert steps(machines, "paid for")[0][:2].tolist() == [1, 1]
    assert steps(machines, "serving")[0][:2].tolist() == [0, 1]


def test_pools_of_nothing() -> None:
    """Functions only; and machines only, where requests are dropped."""
    _, machines, function = plot_pools(simulation(machines=0))
    assert legend(machines) == ["no machines"]
    assert legend(function) == ["on the function: 100 %"]
    run = simulation(function=False, timeout_s=0.25)
    _, _, unused = plot_pools(run)
    lost = sum(run.dropped.values())
    assert lost > 0
    assert area(unused, "dropped") == pytest.approx(lost)
    assert legend(unused) == [f"dropped: {100 * lost / run.arrivals:.1f} %"]
    _, _, unused = plot_pools(simulation(function=False))
    assert legend(unused) == ["not used"]


def test_traffic_of_nobody() -> None:
    """Pictures of no traffic are empty, not broken; latencies of nobody are refused."""
    run = simulation(over=trace(0, 0, 0))
    for ax in (plot_pools(run)[0], plot_spending(run)):
        ax.figure.canvas.draw()
    assert legend(plot_pools(simulation(over=trace(0, 0, 0), machines=0))[2]) == ["not used"]
    idle = simulation(over=trace(0, 0, 0), machines=0)
    assert plot_spending(idle).get_ylim() == (0, 1)
    with pytest.raises(ValueError, match="no latency"):
        plot_latency(idle)


def test_many_types_are_not_all_named() -> None:
    """Of many types three are named and the others counted."""
    run = simulation()
    rentals = [dataclasses.replace(run.rentals[0], machine=f"t{k}") for k in range(5)]
    axes = plot_pools(dataclasses.replace(run, rentals=tuple(rentals)))
    assert legend(axes[1])[0] == "t0\nt1\nt2\nand 2 more"


def test_axes_that_are_given_are_used() -> None:
    """Pictures go into the axes that the caller gives; a wrong number of them is told."""
    run = simulation(2)
    axes = plt.subplots(5)[1]
    assert plot_pools(run, axes) == tuple(axes)
    axes = plt.subplots(3)[1]
    assert plot_schedule(scheduled(), axes) == tuple(axes)
    ax = plt.subplots()[1]
    assert plot_spending(run, ax) is ax
    ax = plt.subplots()[1]
    assert plot_latency(run, ax) is ax
    ax = plt.subplots()[1]
    assert plot_policies(comparison((1.0, 0.5, 0.0)), ax) is ax
    assert len(plt.get_fignums()) == 5
    with pytest.raises(ValueError, match="3 axes; give 5"):
        plot_pools(run, plt.subplots(3)[1])
