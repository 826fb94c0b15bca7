"""Tables of knapsacks, against going through all ways to fill them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from serflow_opt.families.cluster.knapsacks import (
    best_by_size,
    filled_up,
    in_units,
    one_of,
    side_by_side,
    two_sizes,
)


def test_units_are_the_largest_that_sizes_are_whole_in() -> None:
    """0.5 and 1.5 in halves; what a room of 4.2 has beyond 8 halves is of no use; nothing fits nothing."""
    assert in_units([0.5, 1.5], 4.2) == (8, [1, 3])
    assert in_units([], 4.0) == (0, [])
    assert in_units([0.0], 4.0) == (0, [0])


def most(room: int, items: dict[int, float]) -> float:
    """The largest worth of items that fit, each as often as it does."""
    counts = [range(room // size + 1) for size in items]
    ways = itertools.product(*counts)
    fit = [own for own in ways if sum(n * s for n, s in zip(own, items, strict=True)) <= room]
    return max(sum(n * v for n, v in zip(own, items.values(), strict=True)) for own in fit)


@pytest.mark.parametrize("seed", range(4))
def test_rooms_of_one_size(seed: int) -> None:
    """What was added last leads back to a filling of that worth; of one item at most the best is taken."""
    rng = np.random.default_rng(seed)
    values = rng.uniform(1, 5, 3)
    sizes = dict(enumerate(rng.choice([1, 2, 3, 4], 3, replace=False).tolist()))
    by_size = best_by_size(list(sizes), values, sizes)
    room = 9
    table, taken = filled_up(np.zeros(room + 1), by_size, values)
    worth = {size: float(values[i]) for size, i in by_size.items()}
    for at in range(room + 1):
        assert table[at] == pytest.approx(most(at, worth))
        spent, left = 0.0, at
        while taken[left] >= 0:
            spent, left = spent + values[taken[left]], left - sizes[int(taken[left])]
        assert spent == pytest.approx(table[at])
    one, _ = one_of(np.zeros(room + 1), by_size, values)
    assert one.tolist() == [max([0.0, *(v for s, v in worth.items() if s <= at)]) for at in range(room + 1)]
    both, split = side_by_side(table, one)
    for at in range(room + 1):
        assert both[at] == max(table[at - k] + one[k] for k in range(at + 1))
        assert both[at] == table[at - split[at]] + one[split[at]]


def test_of_equal_sizes_the_dearest_stays_and_nothing_worthless() -> None:
    """Items worth nothing, or less than another of their size, only cost time."""
    assert best_by_size([0, 1, 2, 3], np.array([1.0, 2.0, 0.0, -1.0]), {0: 1, 1: 1, 2: 2, 3: 3}) == {1: 1}


@pytest.mark.parametrize("seed", range(3))
def test_rooms_of_two_sizes(seed: int) -> None:
    """Cores and shares together, some items taking none of one of them."""
    rng = np.random.default_rng(seed)
    down, right = np.array([1, 0, 2]), np.array([1, 2, 0])
    values = rng.uniform(1, 4, 3)
    table, _ = two_sizes(4, 5, down, right, values)
    for rows, columns in itertools.product(range(5), range(6)):
        ways = itertools.product(range(5), repeat=3)
        fit = [n for n in ways if np.dot(n, down) <= rows and np.dot(n, right) <= columns]
        assert table[rows, columns] == pytest.approx(max(float(np.dot(n, values)) for n in fit))
