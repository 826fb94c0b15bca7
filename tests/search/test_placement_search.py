"""What searches over placements share: later deadlines until a plan is known, and what multipliers add."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from support.chains import chain_of

from serflow_opt.ground.deadline import Deadline
from serflow_opt.search.placement_search import PlacementSearch


def test_limits_and_deadlines_of_a_search(tmp_path: Path) -> None:
    """Only columns with a limit are added, minus multiplier times limit; the grace ends with the first plan."""
    chain = next(c for seed in range(20) if (c := chain_of("plain", seed, tmp_path / str(seed))) is not None)
    search = PlacementSearch(chain, 1e-3, Deadline(0.0), grace_s=60.0)
    weights = np.arange(1.0, len(chain.limits) + 1)
    limited = [(w, most) for w, most in zip(weights, chain.limits, strict=True) if math.isfinite(most)]
    behind = limited[1:] if math.isfinite(chain.limits[0]) else limited
    assert search.offset(weights) == pytest.approx(-sum(w * most for w, most in behind))
    assert not search.deadline.expired
    search.value = 1.0
    assert search.deadline.expired
