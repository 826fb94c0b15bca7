"""Floors of groups: below the best plan of each group, at any limit of the time, and by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.rented_chains import searches

from serflow_opt import kernels
from serflow_opt.search.placements import NOWHERE
from serflow_opt.search.rented.floors import WORTH, Floors
from serflow_opt.search.rented.groups import FLOORS, GroupSearch, KnownPlans, beginning_with
from serflow_opt.search.rented.search import RentedSearch


def test_floors_by_hand() -> None:
    """A plan of one group costs 1 within a second and 3 within half of one; the other has none in time."""
    by_use = np.array([[2.0], [2.0]])

    def staircase(n: int, _: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return (np.array([1.0, 3.0]), np.array([1.0, 0.5])) if n == 0 else (np.array([1.0]), np.array([9.0]))

    floors = Floors.of(by_use, 0.0, 3, staircase)
    assert floors.weights.shape == (2, 2 * len(WORTH), 3)
    limits, machine = np.array([0.0, 0.0, -0.9]), np.ones(1)
    for whole_limit, least in ((2.0, 1.0), (0.7, 3.0)):
        found = floors.bounds(whole_limit, limits, np.full((2, 1), 5.0), machine)
        assert found.tolist() == pytest.approx([least + 5.0, np.inf])  # one machine at least, at its rent


@pytest.mark.skipif(not kernels.compiled, reason="kernels are not compiled here")
@pytest.mark.parametrize("faster", [1.0, 0.9])
def test_no_plan_of_a_group_is_below_its_floor(tmp_path: Path, faster: float) -> None:
    """The best plan there is, also at a tighter limit of the time than what floors were made with."""
    compared = 0
    for search, groups in searches(range(24), tmp_path):
        first = RentedSearch(search.chain, 1e-6)
        first.run()
        if first.best is None or groups.columns.limited_money or first.value <= 0:
            continue
        known = KnownPlans()
        known.begun = first.held, first.value
        chain = beginning_with(search.chain, known, often=True)
        assert chain.known(FLOORS, lambda _: None) is not None
        tight = replace(chain, whole_limit=faster * chain.whole_limit)
        second = RentedSearch(tight, 1e-6)
        second.run()
        if second.best is None:
            continue
        columns = second.columns
        columns.measure(first.value)
        again = GroupSearch(columns, second.before, np.inf, False, 1e-6, 0.0, 0.0)
        runner = second.best[0].paths.runner[0]
        used = set(columns.option[runner[runner != NOWHERE]].tolist())
        (own,) = (
            n
            for n, types in enumerate(again.types.tolist())
            if {p for p in types if p >= 0} == {p for p in used if columns.chain.rented and _is_machine(again, p)}
        )
        assert again.floors()[own] * again.unit <= second.value * (1 + 1e-9)
        compared += 1
    assert compared > 4


def _is_machine(groups: GroupSearch, option: int) -> bool:
    return bool((groups.types == option).any())
