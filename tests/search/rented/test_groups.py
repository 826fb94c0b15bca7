"""Groups of placements with the same types of machines, against enumeration, and from plans that are known."""

from __future__ import annotations

from pathlib import Path

import pytest
from oracles.enumeration_draws import draw
from oracles.enumeration_questions import rented
from support.mixed import agrees
from support.rented_chains import searches

from serflow_opt import kernels
from serflow_opt.ground.deadline import NEVER
from serflow_opt.search.placements import keys_of
from serflow_opt.search.rented import groups as grouping
from serflow_opt.search.rented import search as searching
from serflow_opt.search.rented.groups import KnownPlans, beginning_with
from serflow_opt.search.rented.search import RentedSearch

pytestmark = pytest.mark.skipif(not kernels.compiled, reason="kernels are not compiled here")


@pytest.mark.parametrize("seed", [20, 21, 23, 24, 25, 87, 155])  # the last two: limits that are met exactly
def test_the_best_plan_is_found_group_by_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    """Even where few placements are left, so that groups take all of it."""
    monkeypatch.setattr(searching, "EARLY", 0)
    agrees(seed, draw(seed, tmp_path, without=("tail",), change=rented))


def test_from_known_plans_the_same_optimum_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A search that begins with what groups came to, however few placements, ends where the one from scratch does."""
    monkeypatch.setattr(searching, "MANY", 0)
    compared = 0
    for search, groups in searches(range(16), tmp_path):
        plain = RentedSearch(search.chain, 1e-6)
        plain.run()
        if plain.best is None or search.tight:
            continue
        known = KnownPlans()
        groups.rule_out(plain.held, search.chain.on.any(axis=0), NEVER, known)
        known.begun = plain.held, plain.value
        again = RentedSearch(beginning_with(search.chain, known, often=True), 1e-6)
        assert again.run(plain.best[0].paths)
        assert again.value == pytest.approx(plain.value, rel=2e-6)
        assert again.bound <= plain.value * (1 + 1e-9)
        compared += 1
    assert compared > 4


def test_what_is_listed_is_all_that_may_be_best(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of groups that are not parted to the end the best placement is listed, and none twice."""
    monkeypatch.setattr(grouping, "NODES", 0)
    compared = 0
    for search, groups in searches(range(16), tmp_path):
        search.run()
        if search.best is None or search.tight:
            continue
        groups.rule_out(search.held, search.chain.on.any(axis=0), NEVER)
        those = groups.placements(search.value * (1 + 1e-9) + 1e-12, 100_000, NEVER)
        assert those is not None
        keys = keys_of(those.paths)
        assert len(set(keys)) == len(keys)
        assert not groups.columns.chain.rented or keys_of(search.best[0].paths)[0] in keys
        compared += 1
    assert compared > 4
