"""Layers of states: how many ways there are through them."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from support import tiny
from support.swept import (
    EACH,
    case_of,
)

import serflow_opt as so
from serflow_opt.formulations.coefficients import Data
from serflow_opt.search.layered import Chain, by_lane, count_paths
from serflow_opt.search.placed import placed
from serflow_opt.search.placements import list_paths


@pytest.mark.parametrize(("kind", "seed"), EACH)
def test_counts_placements(kind: str, seed: int) -> None:
    """The recursion counts as many placements as a list of them has."""
    case = case_of(kind, seed)
    if case is None:
        return
    paths = list_paths(case.chain.data)
    assert paths is not None
    assert count_paths(case.chain) == len(paths)


def test_counts_by_hand() -> None:
    """Two options in a tier where stages may change, then a function: 2 x 2 in the tier, 2 that leave it, 1 outside."""
    data = Data(tiny.two_vms())
    assert count_paths(Chain.of(data, {"cost": 1.0})) == 7


def test_shipped_instance_by_hand() -> None:
    """bert12-sst2 has 7 VMs, 6 functions and 12 stages (`test_bounds`): 7 + 6 + 11 x 7 x 6, and 433 that end at 11."""
    count = count_paths(Chain.of(Data(so.load("bert12-sst2")), {"cost": 1.0}))
    assert count == 7 + 6 + 11 * 7 * 6 + 7 + 6 + 10 * 7 * 6


def test_lanes_have_arrays_of_their_own() -> None:
    """What lanes share is copied for each, what each has for itself once; of the same type, and none of them a view."""
    shared, each = np.array([[True, False]]), np.array([[[1.0, 2.0]], [[3.0, 4.0]]])
    assert by_lane(shared, 2).tolist() == [[[True, False]], [[True, False]]]
    assert by_lane(shared, 2).dtype == bool
    assert by_lane(each, 2).tolist() == each.tolist()
    assert not np.shares_memory(by_lane(each, 2), each)


def test_chains_travel_without_what_is_compiled() -> None:
    """Read back, a chain that has placed something places it the same."""
    chain = Chain.of(Data(tiny.two_vms()), {"cost": 1.0})
    paths = list_paths(chain.data)
    assert paths is not None
    known = placed(chain, paths)
    again = placed(pickle.loads(pickle.dumps(chain)), paths)
    assert again.adds.tolist() == known.adds.tolist()
    assert again.whole.tolist() == known.whole.tolist()
