"""The periods of moments, compiled, against numpy's floor division."""

from __future__ import annotations

import numpy as np
import pytest

from serflow_opt import kernels


@pytest.mark.skipif(not kernels.compiled, reason="kernels are not compiled here")
@pytest.mark.parametrize("length", [60.0, 1.0, 0.1, 0.3, 7.7, 1e-3])
def test_periods_are_those_of_floor_division(length: float) -> None:
    """At random moments, at multiples of the length, and a last digit below and above these."""
    from serflow_opt.kernels.periods import periods

    rng = np.random.default_rng(3)
    edges = np.arange(2000) * length
    times = np.concatenate([rng.random(2000) * 1e5, edges, np.nextafter(edges[1:], 0), np.nextafter(edges, np.inf)])
    np.testing.assert_array_equal(periods(times, length), (times // length).astype(np.int64))


@pytest.mark.parametrize("length", [60.0, 1.0, 0.1, 0.3, 7.7])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_sums_are_those_of_numpy(length: float, sign: float) -> None:
    """Counts, and seconds left, added up in the order of the moments: the same to the last digit."""
    from serflow_opt.kernels.periods import counted, spread

    rng = np.random.default_rng(4)
    edges = np.arange(500, 600) * length
    near = np.concatenate([edges, np.nextafter(edges, 0), np.nextafter(edges, np.inf)])
    times = np.concatenate([np.sort(rng.random(3000)) * 100 * length + 500 * length, rng.permutation(near)])
    period = (times // length).astype(np.int64)
    first = int(period.min())
    begin, counts = counted(times, length)
    assert (begin, counts.tolist()) == (first, np.bincount(period - first).tolist())
    begin, left, steps = spread(times, length, sign)
    own = sign * np.ones(len(times))
    assert (begin, left.tolist()) == (
        first,
        np.bincount(period - first, own * ((period + 1) * length - times)).tolist(),
    )
    assert steps.tolist() == np.bincount(period - first, own).tolist()
