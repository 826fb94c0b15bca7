"""What placements cost at least, against sums by hand on a VM and a function."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.helpers import load, two_tiers

from serflow_opt.formulations.coefficients import Data
from serflow_opt.problem.kinds import Objective
from serflow_opt.search.placements import list_paths
from serflow_opt.search.underestimates import blended, objectives

REACH = np.array([1.0, 0.5])


def least(folder: Path, name: Objective | dict[Objective, float], **workload: Any) -> dict[str, float]:
    """The largest underestimate by placement, where half of the requests get to the second stage."""
    data = Data(load(two_tiers() | {"workload": workload}, folder))
    paths = list_paths(data)
    assert paths is not None
    views = blended(data, paths, name) if isinstance(name, dict) else objectives(data, paths, name)
    values = np.max([view.fixed + view.weight @ REACH for view in views], axis=0)
    return {"".join("vf"[r] for r in runners): value for runners, value in zip(paths.runner, values, strict=True)}


def test_money_of_use_is_told_to_the_cent(tmp_path: Path) -> None:
    """VM 2e-3 USD/s; before stage 2 it waits 0.12 s, the link takes 2e-4 USD, a call 3e-6 and 0.1 s of cold start."""
    found = least(tmp_path, "cost")
    assert found == pytest.approx(
        {
            "vv": 2e-3 * (0.1 + 0.5 * 0.2),
            "vf": 2e-3 * 0.1 + 0.5 * (2e-3 * 0.12 + 2e-4 + 3e-6 + 2e-4 * (0.1 + 0.1)),
            "ff": 3e-6 + 2e-4 * (0.1 + 0.05) + 0.5 * 2e-4 * 0.1,
        }
    )


def test_seconds_of_the_worst_case_and_of_the_mean(tmp_path: Path) -> None:
    """A cold start of 0.4 s counts whole in the worst case, a quarter in the mean; the hand-over takes 0.12 s."""
    worst = {"vv": 0.3, "vf": 0.1 + 0.12 + 0.1 + 0.4, "ff": 0.05 + 0.1 + 0.4}
    assert least(tmp_path / "worst", "latency") == pytest.approx(worst)
    mean = {"vv": 0.1 + 0.1, "vf": 0.1 + 0.5 * (0.12 + 0.1 + 0.1), "ff": 0.05 + 0.1 + 0.05}
    assert least(tmp_path / "mean", "latency", latency_measure="mean") == pytest.approx(mean)
    assert set(least(tmp_path / "late", "latency", latency_measure="p90").values()) == {0.0}  # nothing is known


def test_a_blend_is_the_sum_of_what_is_blended(tmp_path: Path) -> None:
    """Two seconds and a thousand dollars: both hold at once."""
    seconds, usd = least(tmp_path / "s", "latency"), least(tmp_path / "usd", "cost")
    both = least(tmp_path / "both", {"latency": 2.0, "cost": 1000.0})
    assert both == pytest.approx({path: 2 * seconds[path] + 1000 * usd[path] for path in usd})


def test_the_accuracy_has_none(tmp_path: Path) -> None:
    """Who is right is no sum over placements."""
    with pytest.raises(ValueError, match="accuracy"):
        least(tmp_path, "accuracy")
