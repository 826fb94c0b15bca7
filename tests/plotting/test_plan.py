"""Plans over time."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib
import matplotlib.pyplot as plt
import pytest
from support import tiny

import serflow_opt as so
from serflow_opt.plotting import (
    plot_plan,
)
from serflow_opt.problem.instance import Instance

matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    plt.close("all")


def test_a_plan_over_time_keeps_dollars_from_being_mathematics() -> None:
    """A dollar in a name is a dollar, not the beginning of a formula."""
    instance: Instance = tiny.two_stages(name="a $ or $ two")
    assert r"a \$ or \$ two" in plot_plan(so.solve(instance)).get_title()
