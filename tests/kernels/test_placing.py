"""What placements take, by kernels and by numpy: the same ways found, the same sums."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.chains import EACH, chain_of, lanes_of

from serflow_opt import kernels
from serflow_opt.search.bound_recursion import sweep
from serflow_opt.search.placed import columns_of, located, placed
from serflow_opt.search.placements import list_paths
from serflow_opt.search.prefixes import least_whole_before


@pytest.mark.parametrize(("kind", "seed"), EACH)
def test_placed(kind: str, seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All placements, or some of many, with variants, ways to hand over and ends."""
    chain = chain_of(kind, seed, tmp_path)
    paths = None if chain is None else list_paths(chain.data)
    if chain is None or paths is None:
        return
    paths = paths[np.arange(0, len(paths), max(1, len(paths) // 50))]
    found, rng = [], np.random.default_rng(seed)
    for compiled in (True, False):
        monkeypatch.setattr(kernels, "compiled", compiled)
        found.append(placed(chain, paths))
    np.testing.assert_allclose(found[0].whole, found[1].whole, rtol=1e-12)
    np.testing.assert_allclose(found[0].adds, found[1].adds, rtol=1e-12, atol=1e-15)
    levels = np.array([[int(rng.integers(len(menus[0].rate))) for menus in chain.menus] for _ in paths.runner])
    if all(len(menus) == 1 for menus in chain.menus):
        sums = []
        for compiled in (True, False):
            monkeypatch.setattr(kernels, "compiled", compiled)
            sums.append(columns_of(chain, found[0], levels))
        np.testing.assert_allclose(sums[0], sums[1], rtol=1e-12, atol=1e-15)
    monkeypatch.setattr(kernels, "compiled", True)
    rows = located(chain, paths)
    assert rows[:, :, 0].tolist() == paths.runner.tolist()
    assert (rows[:, :, 1:] >= 0).all(axis=2).tolist() == paths.moved.tolist()


@pytest.mark.parametrize(("kind", "seed"), EACH[::2])
def test_followed(kind: str, seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The placements of all whole plans of a sweep, those that end early among them."""
    chain = chain_of(kind, seed, tmp_path)
    if chain is None:
        return
    swept = sweep(chain, lanes_of(chain, seed), least_whole_before(chain), timed=True)
    found = []
    for compiled in (True, False):
        monkeypatch.setattr(kernels, "compiled", compiled)
        found.append(swept.paths(np.arange(len(swept.ends.value))))
    for name in ("runner", "way", "moved"):
        assert getattr(found[0], name).tolist() == getattr(found[1], name).tolist()
