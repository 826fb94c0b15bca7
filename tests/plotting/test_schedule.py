"""Pictures of schedules: areas are the sums of the table."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import matplotlib
import matplotlib.pyplot as plt
import pytest
from support.traffic_pictures import (
    COUNTS,
    area,
    legend,
    scheduled,
)

from serflow_opt.plotting import plot_schedule
from serflow_opt.plotting.text import brief

matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    plt.close("all")


@pytest.mark.parametrize("blocks", [1, 2])
def test_schedules_add_up_to_the_table(blocks: int) -> None:
    """Areas of machines and function are the schedule's own sums."""
    found = scheduled(blocks)
    frame = found.to_frame()
    axes: Any = plot_schedule(found)
    assert area(axes[0], "") == pytest.approx(sum(COUNTS) + 3)
    for own in found.blocks:
        machines, function = axes[1 + 2 * own.block : 3 + 2 * own.block]
        seconds = sum(rental.to_s - rental.from_s for rental in own.rentals)
        names = sorted({rental.machine for rental in own.rentals})
        assert names
        assert sorted(legend(machines)) == [name.replace("$", r"\$") for name in names]
        assert sum(area(machines, name.replace("$", r"\$")) for name in names) == pytest.approx(seconds)
        took = frame.loc[frame["block"] == own.block, "function_requests"].sum()
        assert took == pytest.approx(own.function_requests)
        assert (area(function, "on the function") if took else 0) == pytest.approx(took)
    assert axes[0].get_title() == rf"made on trace, schedule with foresight: \${brief(found.usd)}"


def test_schedules_of_functions_and_of_machines() -> None:
    """A schedule of one kind says that the other is not used."""
    _, machines, function = plot_schedule(scheduled(usd_per_s=100.0))
    assert (legend(machines), legend(function)) == (["no machines"], ["on the function: 100 %"])
    _, machines, function = plot_schedule(scheduled(function=False))
    assert machines.patches
    assert legend(function) == ["not used"]


def test_more_types_than_colours() -> None:
    """Eight types have eight colours."""
    found = scheduled()
    machine = found.service.blocks[0].machines[0]
    types = tuple(dataclasses.replace(machine, name=f"t{k}") for k in range(8))
    own = found.blocks[0]
    rentals = tuple(dataclasses.replace(own.rentals[0], machine=name.name) for name in types)
    many = dataclasses.replace(
        found,
        service=found.service.with_machines((types,)),
        blocks=(dataclasses.replace(own, rentals=rentals),),
    )
    ax: Any = plot_schedule(many)[1]
    filled = [patch for patch in ax.patches if str(patch.get_label()).startswith("t")]
    assert len({tuple(patch.get_facecolor()) for patch in filled}) == 8
    assert legend(ax) == [f"t{k}" for k in reversed(range(8))]
