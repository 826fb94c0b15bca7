"""Which phases come before others and which may run together, against every set of phases."""

from __future__ import annotations

from itertools import combinations

import pytest
from oracles.workflow import drawn

from serflow_opt.families.workflow.problem import Phase, ancestors, together


def phases_of(*after: tuple[int, ...]) -> tuple[Phase, ...]:
    """Phases by what each waits for."""
    return tuple(Phase(f"p{n}", "map", own) for n, own in enumerate(after))


def test_a_diamond() -> None:
    """0 before 1 and 2, these before 3: only the two in the middle run at the same time."""
    diamond = phases_of((), (0,), (0,), (1, 2))
    assert ancestors(diamond) == [set(), {0}, {0}, {0, 1, 2}]
    assert sorted(together(diamond)) == [[0], [1, 2], [3]]


@pytest.mark.parametrize("seed", range(6))
def test_sets_that_no_order_separates_are_all_there(seed: int) -> None:
    """Of all sets of phases without an order between two those that are in no larger one."""
    phases = phases_of(*(tuple(own["after"]) for own in drawn(seed, 6)))
    before = ancestors(phases)
    free = [
        set(some)
        for size in range(1, 7)
        for some in combinations(range(6), size)
        if not any(f in before[g] or g in before[f] for f, g in combinations(some, 2))
    ]
    largest = [own for own in free if not any(own < other for other in free)]
    assert sorted(map(sorted, largest)) == sorted(together(phases))
