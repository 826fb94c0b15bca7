"""Labels behind a stage, compiled and by numpy: the same, in the same order."""

from __future__ import annotations

import numpy as np
import pytest

from serflow_opt import kernels
from serflow_opt.search.envelope import Envelope
from serflow_opt.search.threshold_labels import put_stage


@pytest.mark.parametrize("seed", range(40))
def test_put_stage(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Thresholds that tie, and at which everybody leaves; allowances that leave all, some and none; cells."""
    rng = np.random.default_rng(seed)
    after = np.zeros((1, 2))
    for _ in range(4):
        rate = np.round(rng.uniform(0, 1, rng.integers(1, 20)), 2)
        if seed % 4 == 0:
            rate[0] = 1.0
        envelope = Envelope.of(rate, rate * np.round(rng.uniform(0.6, 0.97, len(rate)), 2))
        adds = np.array([np.round(rng.uniform(0, 1), 2), np.round(rng.uniform(0, 0.01), 3)])
        tested = np.array([[1.0, rng.uniform(0, 3)], [0.0, 1.0]])
        tests = tested, np.array([rng.choice([np.inf, 1.0, 0.0, -1.0]), rng.choice([np.inf, -0.4])])
        width = float(rng.choice([0.0, 0.01, 0.3]))
        found = []
        for compiled in (True, False):
            monkeypatch.setattr(kernels, "compiled", compiled)
            found.append(put_stage(envelope, adds, after, tests, width))
        for ours, theirs in zip(*found, strict=True):
            assert ours.tolist() == theirs.tolist()
        if not len(found[0][0]):
            break
        after = found[0][0]
