"""Who gets a worker when, compiled and by Python: the same to the last digit."""

from __future__ import annotations

import numpy as np
import pytest

from serflow_opt import kernels
from serflow_opt.traffic.confirm.workers import starts


@pytest.mark.parametrize("queue_max", [None, 0, 1, 3])
@pytest.mark.parametrize("whole", [True, False])
def test_starts(queue_max: int | None, whole: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Confirmed promises do not hang on whether there was a compiler; with whole seconds much happens at one moment."""
    rng = np.random.default_rng(7)
    for workers in (1, 2, 3, 8, 16):
        times, holds = np.sort(rng.random(200) * 60), rng.random(200) * workers * 0.7
        if whole:
            times, holds = np.floor(times), np.ceil(holds)
        found = []
        for compiled in (True, False):
            monkeypatch.setattr(kernels, "compiled", compiled)
            found.append(starts(times, holds, workers, queue_max))
        np.testing.assert_array_equal(*found)
