"""Service times that vary: means, deviations and tails of their laws."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from support.simulated import function, one
from support.traffic_cases import Script, trace

from serflow_opt.traffic.scaling_policy import Orders
from serflow_opt.traffic.service import Service
from serflow_opt.traffic.simulate.simulate import simulate


def lasting(service: Service, **more: Any) -> Any:
    """Latencies of 200,000 requests that never wait."""
    return simulate(service, trace(200_000), Script([Orders(({},))]), **more).latency


@pytest.mark.parametrize(("law", "cv"), [("lognormal", 0.5), ("lognormal", 1.0), ("pareto", 0.3)])
def test_factors_have_mean_1_and_the_cv(law: str, cv: float) -> None:
    """Random service times keep the mean that planning used, and have the spread that was asked for."""
    latency = lasting(one([], function([2, 2])), times=law, cv=cv)
    assert latency.mean() == pytest.approx(2, rel=0.01)
    assert latency.std() / latency.mean() == pytest.approx(cv, rel=0.06)
    if law == "pareto":
        shape = 1 + math.sqrt(1 + 1 / cv**2)
        assert cv**2 == pytest.approx(1 / (shape * (shape - 2)))
        scale = 2 * (shape - 1) / shape
        assert latency.min() >= scale * (1 - 1e-6)
        assert np.mean(latency > 2 * scale) == pytest.approx(2**-shape, abs=4 * math.sqrt(2**-shape / 200_000))


def test_measured_factors_and_deviations() -> None:
    """Measured factors are scaled to mean 1, and a stage's own deviation goes before the general one."""
    latency = lasting(one([], function()), times=np.array([1.0, 2.0, 6.0, 3.0]))
    assert np.unique(latency, return_counts=True)[0] == pytest.approx([1 / 3, 2 / 3, 1, 2])
    latency = lasting(one([], function([2, 2], sd_s=(0.5, 0.5))), times="lognormal", cv=3.0)
    assert latency.std() == pytest.approx(0.5, rel=0.03)
    assert set(lasting(one([], function([2, 2], sd_s=(0.5, 0.5))))) == {2.0}
