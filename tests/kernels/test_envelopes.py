"""Lower envelopes of many menus, by the kernel and one by one."""

from __future__ import annotations

import numpy as np
import pytest

from serflow_opt import kernels
from serflow_opt.search.envelope import Envelope


@pytest.mark.parametrize("seed", range(40))
def test_lowest(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same lines and breaks to the last digit: falling rates or any; equal lines, lines in one point."""
    rng = np.random.default_rng(seed)
    counts = rng.integers(1, 12, size=5).tolist()
    rate = rng.integers(0, 9, sum(counts)) / 8 if seed % 2 else rng.uniform(0, 1, sum(counts))
    if seed % 4 < 2:
        rate = np.sort(rate)[::-1].copy()
    mass = rate * rng.integers(4, 9, len(rate)) / 8
    found = []
    for compiled in (True, False):
        monkeypatch.setattr(kernels, "compiled", compiled)
        found.append(Envelope.of_many(rate, mass, counts))
    for one, other in zip(*found, strict=True):
        for name in ("rate", "mass", "level", "go_on", "right", "breaks"):
            assert getattr(one, name).tolist() == getattr(other, name).tolist()
