"""Placements that a sweep leaves, listed by kernels and by numpy: the same ones, with the same sums."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.chains import EACH, chain_of, lanes_of

from serflow_opt import kernels
from serflow_opt.search.bound_recursion import sweep
from serflow_opt.search.enumerate import near_optimal_placements
from serflow_opt.search.placements import keys_of
from serflow_opt.search.prefixes import least_whole_before, most_value


@pytest.mark.parametrize(("kind", "seed"), EACH)
def test_listing(kind: str, seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Variants, ways to hand over, ends and limits of time; one too many is told."""
    chain = chain_of(kind, seed, tmp_path)
    if chain is None:
        return
    weights, before = lanes_of(chain, seed)[1], least_whole_before(chain)
    bound = float(sweep(chain, weights[None], before).best[0])
    if not np.isfinite(bound):
        return
    for above in (1e-9, 0.05, 0.5):
        most = bound + above * abs(bound)
        swept = sweep(chain, weights[None], before, most_value(chain, weights, most))
        found = []
        for compiled in (True, False):
            monkeypatch.setattr(kernels, "compiled", compiled)
            those = near_optimal_placements(chain, weights, swept, most, 1_000_000)
            assert those is not None
            assert len(those) >= 1
            assert near_optimal_placements(chain, weights, swept, most, len(those) - 1) is None
            order = np.array(sorted(range(len(those)), key=keys_of(those.paths).__getitem__))
            found.append(those.rows(order))
        one, other = found
        assert keys_of(one.paths) == keys_of(other.paths)
        np.testing.assert_allclose(one.whole, other.whole, rtol=1e-12)
        np.testing.assert_allclose(one.adds, other.adds, rtol=1e-12, atol=1e-15)
