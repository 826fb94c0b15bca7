"""What searches over placements share: later deadlines until a plan is known, and what multipliers add."""

from __future__ import annotations

import math
from dataclasses import replace
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


def test_what_sums_may_be_off_by_is_of_their_own_terms(tmp_path: Path) -> None:
    """An option a million million times as dear changes nothing; multipliers do, and open what V may come to."""
    chain = next(c for seed in range(20) if (c := chain_of("plain", seed, tmp_path / str(seed))) is not None)
    dear = replace(chain, adds=chain.adds * 1e12, _known={})
    weights = np.zeros(len(chain.limits))
    weights[0] = 1.0
    noise = [PlacementSearch(own, 1e-3).noise(weights, 1e-5) for own in (chain, dear)]
    assert noise[0] == noise[1] < 1e-5 * 1e-12
    search = PlacementSearch(chain, 1e-3)
    weights[-1] = 1e9
    assert search.noise(weights, 1e-5) > 1e9 * 2.0**-52
    assert search.worth(weights, 1.0) > 1.0 - search.offset(weights)


def test_no_bound_is_told_that_was_not_proven(tmp_path: Path) -> None:
    """What was dropped is the bound, however small: no size makes it the value; below 0 nothing is where all adds."""
    chain = next(c for seed in range(20) if (c := chain_of("plain", seed, tmp_path / str(seed))) is not None)
    search = PlacementSearch(chain, 1e-6)
    search.value = 1e-5
    assert search.told(0.0) == 0.0
    assert search.told(-1.0) == 0.0
    assert search.told(2e-5) == 1e-5
    assert search.better() == pytest.approx(1e-5, rel=1.1e-6)
    assert search.better() < 1e-5
    assert search.own_off == 0.0


def test_a_value_that_is_rounding_of_its_own_terms(tmp_path: Path) -> None:
    """Where parts cancel out, what is left of them below rounding counts as nothing."""
    chain = next(c for seed in range(20) if (c := chain_of("plain", seed, tmp_path / str(seed))) is not None)
    adds = chain.adds.copy()
    adds[0, :, 0] = -1.0
    search = PlacementSearch(replace(chain, adds=adds, _known={}), 1e-6)
    assert not search.nonnegative
    search.value, search.own_off = 1e-13, 1e-12
    assert search.told(-1e-12) == 1e-13
    assert search.told(-1e-11) == -1e-11
    assert search.better() == pytest.approx(1e-13 - 1e-12)


def test_bounds_of_many_are_those_of_each(tmp_path: Path) -> None:
    """At once or one by one, what rounding may have added is left out alike."""
    chain = next(c for seed in range(20) if (c := chain_of("plain", seed, tmp_path / str(seed))) is not None)
    search = PlacementSearch(chain, 1e-6)
    rng = np.random.default_rng(1)
    weights, values = rng.random((5, len(chain.limits))) * 1e3, np.array([1.0, 1e-13, 0.0, math.inf, 7.0])
    found = search.all_above(weights, values).tolist()
    assert found == pytest.approx([search.above(*own) for own in zip(weights, values.tolist(), strict=True)], rel=1e-12)
    assert found[0] < 1.0
