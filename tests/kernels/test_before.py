"""What comes before each state, compiled and by numpy: the most that prefixes leave, least times, ways."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.chains import EACH, chain_of, lanes_of

from serflow_opt import kernels
from serflow_opt.search.layered import count_paths
from serflow_opt.search.prefixes import least_whole_before, most_values


@pytest.mark.parametrize(("kind", "seed"), EACH[::3])
def test_most_values(kind: str, seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Several lanes, each with states of its own, and with all that it may be worth or little."""
    chain = chain_of(kind, seed, tmp_path)
    if chain is None:
        return
    lanes = lanes_of(chain, seed)
    most = np.where(np.arange(len(lanes)) % 2, np.inf, 1.0)
    on = np.stack(
        [chain.on & (np.random.default_rng([seed, lane]).random(chain.on.shape) < 0.8) for lane in range(len(lanes))]
    )
    found = []
    for compiled in (True, False):
        monkeypatch.setattr(kernels, "compiled", compiled)
        found.append([most_values(chain, lanes, most), most_values(chain, lanes, most, on)])
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)


@pytest.mark.parametrize(("kind", "seed"), EACH[1::3])
def test_least_times_and_counts(kind: str, seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The least whole time before each state, and how many ways there are."""
    chain = chain_of(kind, seed, tmp_path)
    if chain is None:
        return
    found = []
    for compiled in (True, False):
        monkeypatch.setattr(kernels, "compiled", compiled)
        found.append((least_whole_before(chain), count_paths(chain)))
    np.testing.assert_allclose(found[0][0], found[1][0], rtol=1e-12)
    assert found[0][1] == found[1][1]
