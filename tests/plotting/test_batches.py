"""The picture of what batches save: bars as long as costs, and a line where less is proven."""

from __future__ import annotations

import matplotlib
import matplotlib.pyplot as plt
import numpy as np

from serflow_opt.plotting import plot_batch_costs
from serflow_opt.traffic.demand.rates import Rates
from serflow_opt.traffic.provision.result import Deployment, Part

matplotlib.use("Agg")


def deployment(usd_per_hour: float, bound: float, batch: int) -> Deployment:
    part = Part(1, 2, "m", 3, None, 10.0, None, np.inf, 1.0, 20.0, 0.0, 0.5, usd_per_hour / 3600, 0.0, 0.0)
    own = Part(**{name: getattr(part, name) for name in part.__slots__} | {"batch": batch, "batch_mean": float(batch)})
    return Deployment("d", "optimal", Rates.steady(20.0), (own,), bound=bound / 3600)


def test_bars_are_costs() -> None:
    """Bars are as long as costs, with a line where less is proven, and a word where there is none."""
    found = {"one by one": deployment(4.0, 3.0, 1), "batches": deployment(1.5, 1.5, 8)}
    ax = plot_batch_costs(found | {"none": Deployment("d", "infeasible", Rates.steady(20.0))})
    assert sorted(bar.get_width() for bar in ax.patches) == [1.5, 4.0]
    assert [list(line.get_xdata()) for line in ax.lines] == [[3.0, 3.0]]
    texts = [text.get_text() for text in ax.texts]
    assert any("1.50 USD/h" in text and "3 x m, batches of 8" in text for text in texts)
    assert any("infeasible" in text for text in texts)
    plt.close("all")
