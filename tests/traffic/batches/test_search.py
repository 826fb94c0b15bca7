"""The search for batches against enumeration, and what must not change a cost."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest
from oracles.batch_enumeration import cheapest, drawn
from support.batch_search import machines_only, searched
from support.helpers import load

import serflow_opt as so
from serflow_opt.problem.network import NO_CLASSIFIER


@pytest.mark.parametrize("seed", [0, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 14])
def test_nothing_is_cheaper(seed: int, tmp_path: Path) -> None:
    """No deployment with batches that enumeration finds is cheaper, and the bound is not above it."""
    own, arrivals = drawn(seed), "smooth" if seed % 2 else "random"
    least = cheapest(own, arrivals)
    found = searched(load(own.document, tmp_path), arrivals)
    assert found.best == pytest.approx(least, rel=1e-7)
    assert found.bound >= found.best * (1 - 2e-7) or math.isinf(least)
    assert found.bound <= least * (1 + 1e-9)


@pytest.mark.parametrize("seed", [1, 3, 5, 11])
def test_one_by_one_is_what_it_was(seed: int, tmp_path: Path) -> None:
    """Batches of one, found by the search for batches, cost what `provision` finds without them."""
    instance = load(drawn(seed).document, tmp_path)
    alone = replace(instance, options=tuple(replace(option, batching=None) for option in instance.options))
    known = so.provision(alone, arrivals="smooth", gap=1e-9)
    found = searched(alone, "smooth", gap=1e-9)
    assert found.best == pytest.approx(known.usd_per_s, rel=1e-9)


@pytest.mark.parametrize("seed", [0, 2, 3])
def test_larger_menus_are_never_dearer(seed: int, tmp_path: Path) -> None:
    """More sizes and waits to choose from cannot cost more."""
    arrivals = "smooth" if seed % 2 else "random"
    found = [
        searched(machines_only(seed, tmp_path / str(n), batch=batch, batch_wait_ms=waits), arrivals).best
        for n, (batch, waits) in enumerate([([1], [5.0]), ([1, 2], [5.0]), ([1, 2], [5.0, 20.0])])
    ]
    assert found[0] >= found[1] * (1 - 1e-7)
    assert found[1] >= found[2] * (1 - 1e-7)


@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_nothing_is_cut_where_nobody_leaves(seed: int, tmp_path: Path) -> None:
    """Without exits a cut fills no holes, and takes a wait and a queue more."""
    own = machines_only(seed, tmp_path)
    menus = (*[NO_CLASSIFIER] * (len(own.stages) - 1), own.menus[-1])
    own = replace(own, menus=menus, accuracy_min=None)
    one, two = (searched(own, "smooth", blocks=blocks) for blocks in (1, 2))
    if one.found is None:
        assert two.found is None or len({c.machine for c in two.found.structure}) > 1
    else:
        assert two.found is not None
        assert two.best <= one.best
        same = {(c.machine, c.batch) for c in two.found.structure}
        assert len(two.found.structure) == 1 or len(same) > 1
