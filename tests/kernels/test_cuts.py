"""What single cuts bound sums of reach by, compiled and by numpy."""

from __future__ import annotations

import numpy as np
import pytest

from serflow_opt import kernels
from serflow_opt.ground.tolerances import ROUNDING
from serflow_opt.search.joint.region import _least


@pytest.mark.skipif(not kernels.compiled, reason="kernels are not compiled here")
@pytest.mark.parametrize("seed", range(4))
def test_least_sums(seed: int) -> None:
    """Both ways give the same bound, with cuts of either sign, rows of zeros, and without cuts."""
    from serflow_opt.kernels.cuts import least_sums

    rng = np.random.default_rng(seed)
    weights = rng.normal(size=(30, 7)) + rng.choice([0.0, 2.0], size=(30, 1))
    ahead = np.cumsum(rng.normal(size=(20, 7)) * rng.choice([0.0, 1.0, 1.0], size=(20, 1)), axis=1)
    worth = rng.normal(size=20)
    for cuts in (0, 1, 20):
        expected = [_least(own, ahead[:cuts], worth[:cuts]) for own in weights]
        found = least_sums(weights, ahead[:cuts], worth[:cuts], ROUNDING)
        np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-13)
