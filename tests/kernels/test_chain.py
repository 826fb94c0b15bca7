"""Sweeps, compiled and by numpy: the same labels to the last digit where multipliers are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.chains import EACH, chain_of, lanes_of

from serflow_opt import kernels
from serflow_opt.search.bound_recursion import BoundTable, sweep
from serflow_opt.search.prefixes import least_whole_before, most_value, most_values


def assert_same(one: BoundTable, other: BoundTable) -> None:
    """All labels, in the same order."""
    assert one.best.tolist() == pytest.approx(other.best.tolist(), rel=1e-12)
    assert one.first.tolist() == other.first.tolist()
    for ours, theirs in zip([*one.steps, one.ends], [*other.steps, other.ends], strict=True):
        assert ours.tags.tolist() == theirs.tags.tolist()
        assert ours.value.tolist() == pytest.approx(theirs.value.tolist(), rel=1e-12, abs=1e-12)
        assert ours.whole.tolist() == theirs.whole.tolist()


@pytest.mark.parametrize(("kind", "seed"), EACH)
def test_sweep(kind: str, seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Variants, ways to hand over, ends, several limits; side by side, below a bound, over part of the states."""
    chain = chain_of(kind, seed, tmp_path)
    if chain is None:
        return
    lanes, before = lanes_of(chain, seed), least_whole_before(chain)
    part = chain.on & (np.random.default_rng(seed).random(chain.on.shape) < 0.8)
    bound = sweep(chain, lanes[1:2], before).best[0]
    most = 1.1 * abs(bound) if np.isfinite(bound) else 1.0
    found = []
    for compiled in (True, False):
        monkeypatch.setattr(kernels, "compiled", compiled)
        found.append([
            sweep(chain, lanes, before),
            sweep(chain, lanes, before, on=part),
            sweep(chain, lanes[1:2], before, most_value(chain, lanes[1], most)),
            sweep(chain, lanes[-1:], before, timed=True),
        ])  # fmt: skip
    for one, other in zip(*found, strict=True):
        assert_same(one, other)


@pytest.mark.parametrize(("kind", "seed"), EACH)
def test_lanes_with_states_of_their_own(kind: str, seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is as if it were alone, allowances and labels; and numpy has the same."""
    chain = chain_of(kind, seed, tmp_path)
    if chain is None:
        return
    lanes, before, rng = lanes_of(chain, seed)[1:], least_whole_before(chain), np.random.default_rng(seed)
    parts = chain.on & (rng.random((len(lanes), *chain.on.shape)) < 0.9)
    bounds = sweep(chain, lanes, before, on=parts).best
    most = np.where(np.isfinite(bounds), bounds + 0.1 * np.abs(bounds) + 0.01, 1.0)
    found = []
    for compiled in (True, False):
        monkeypatch.setattr(kernels, "compiled", compiled)
        allowed = most_values(chain, lanes, most, parts)
        found.append((allowed, sweep(chain, lanes, before, allowed, parts)))
        for n in range(len(lanes)):
            alone = sweep(chain, lanes[n : n + 1], before, allowed[n], parts[n])
            assert alone.best[0] == pytest.approx(found[-1][1].best[n], rel=1e-12)
            assert alone.best[0] == pytest.approx(bounds[n], rel=1e-9)  # allowances leave the least
    np.testing.assert_allclose(found[0][0], found[1][0], rtol=1e-12)
    assert_same(found[0][1], found[1][1])
