"""Pictures of spending: areas are the bill."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import matplotlib
import matplotlib.pyplot as plt
import pytest
from support.traffic_pictures import (
    area,
    legend,
    overlapping,
    simulation,
)

from serflow_opt.plotting import plot_spending
from serflow_opt.plotting.text import brief

matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    plt.close("all")


@pytest.mark.parametrize("blocks", [1, 2])
def test_spending_adds_up_to_the_bill(blocks: int) -> None:
    """The areas by resource are the bill, to the cent."""
    run = simulation(blocks)
    ax: Any = plot_spending(run)
    drawn = {"machines": 0.0, "functions": 0.0, "links": 0.0}
    for patch in ax.patches:
        name = str(patch.get_label())
        if not name.startswith("_") and name:
            drawn[name.split(":")[0].split(",")[0]] += area(ax, name) / 3600
    assert drawn == pytest.approx(run.usd)
    resources = ["machines", "functions"] if blocks == 1 else [f"{k}, block {b}" for k in drawn for b in (1, 2)][:4]
    resources += ["links"] * (blocks > 1)
    assert [text.split(":")[0] for text in legend(ax)] == resources[::-1]
    assert ax.get_ylabel() == "USD per hour"
    assert ax.get_title() == rf"made on trace, script: \${brief(run.usd_total)} in {run.periods} seconds"
    assert overlapping(ax) == []
