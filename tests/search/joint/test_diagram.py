"""The parts of joint thresholds on their own: diagrams and bounds against every combination of levels, counted."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from serflow_opt.search.joint.cells import Cells
from serflow_opt.search.joint.descent import polish, starts
from serflow_opt.search.joint.diagram import best_below, undominated
from serflow_opt.search.joint.grid import Aim, Grid
from serflow_opt.search.joint.potentials import Priced, free


def drawn(seed: int) -> tuple[Grid, np.ndarray, int]:
    """A random grid, for each sample how many thresholds of each exit it passes, and how many each exit offers."""
    rng = np.random.default_rng([17, seed])
    rows, exits, most = int(rng.integers(10, 60)), int(rng.integers(2, 6)), int(rng.integers(2, 5))
    ease = rng.normal(size=(rows, 1))
    passed = np.clip(np.round(ease + rng.normal(size=(rows, exits - 1)) * rng.uniform(0, 1.5) + 1.5), 0, most - 1)
    right = rng.random((rows, exits)) < 1 / (1 + np.exp(-ease - np.linspace(-0.5, 1.5, exits)))
    monotone = seed % 5 != 0  # weights may be negative where it is not
    return Grid.made(passed.astype(int), [most] * (exits - 1), right.astype(float), monotone), passed, most


def outcomes(grid: Grid, passed: np.ndarray, most: int) -> list[tuple[tuple[int, ...], list[int], int]]:
    """Levels, samples inside each segment, and right answers, of every combination: counted sample by sample."""
    found = []
    for levels in itertools.product(range(most), repeat=grid.exits - 1):
        inside, right = [0] * grid.exits, 0
        for i in range(grid.samples):
            k = next((k for k, level in enumerate(levels) if passed[i, k] > level), grid.exits - 1)
            for segment in range(k + 1):
                inside[segment] += 1
            right += int(grid.right[i, k])
        found.append((levels, inside, right))
    return found


def aim_for(seed: int, grid: Grid, ways: list[tuple[tuple[int, ...], list[int], int]], sides: int) -> Aim:
    """Random weights, some negative where the seed says so, a floor in reach of some, side limits that cut."""
    rng = np.random.default_rng([18, seed])
    weight = rng.uniform(-0.3 if seed % 5 == 0 else 0.0, 1.0, grid.exits)
    need = int(np.quantile([right for _, _, right in ways], rng.uniform(0.2, 1.0)))
    use = rng.uniform(0.0, 1.0, (sides, grid.exits)) * (rng.random((sides, grid.exits)) < 0.6)
    spent = np.array([inside for _, inside, _ in ways]) @ use.T
    return Aim(weight, need, use, np.quantile(spent, rng.uniform(0.2, 0.9), axis=0) + 1e-9)


def least(aim: Aim, ways: list[tuple[tuple[int, ...], list[int], int]]) -> float:
    """The least objective of all combinations that keep floor and limits."""
    values = [
        sum(w * n for w, n in zip(aim.weight, inside, strict=True))
        for _, inside, right in ways
        if right >= aim.need
        and all(
            sum(u * n for u, n in zip(use, inside, strict=True)) <= m for use, m in zip(aim.use, aim.most, strict=True)
        )
    ]
    return min(values, default=math.inf)


@pytest.mark.parametrize("sides", [0, 1, 2])
@pytest.mark.parametrize("seed", range(25))
def test_diagrams_find_the_best_of_all_combinations(seed: int, sides: int) -> None:
    """A decision diagram finds the best levels of all, and none below a bound under the best."""
    grid, passed, most = drawn(seed)
    ways = outcomes(grid, passed, most)
    aim = aim_for(seed, grid, ways, sides)
    expected = least(aim, ways)
    answer = best_below(grid, aim, math.inf, np.full(sides, 0.1))
    assert answer.complete
    assert answer.value == pytest.approx(expected, rel=1e-8, abs=1e-9)
    if math.isfinite(expected):
        above = best_below(grid, aim, expected + 0.5)
        assert above.value == pytest.approx(expected, rel=1e-8, abs=1e-9)
        assert best_below(grid, aim, expected - 1e-6 * (1 + abs(expected))).levels is None


@pytest.mark.parametrize("growth", [1.0, 1.5, 3.0])
@pytest.mark.parametrize("sides", [0, 1])
@pytest.mark.parametrize("seed", [seed for seed in range(25) if seed % 5])
def test_diagrams_of_cells_bound_every_combination(seed: int, sides: int, growth: float) -> None:
    """Levels joined to cells give a bound that no combination beats, and the exact value where cells are single."""
    grid, passed, most = drawn(seed)
    aim = aim_for(seed, grid, outcomes(grid, passed, most), sides)
    expected = least(aim, outcomes(grid, passed, most))
    rng = np.random.default_rng(seed)
    middle = np.array([rng.integers(count) for count in grid.levels])
    cells = Cells.around(grid, middle, growth)
    for low, high, count, at in zip(cells.low, cells.high, grid.levels, middle, strict=True):
        covered = [level for a, b in zip(low, high, strict=True) for level in range(a, b + 1)]
        assert covered == list(range(count))
        assert any(a == b == at for a, b in zip(low, high, strict=True))
    answer = best_below(grid, aim, math.inf, cells=cells)
    assert answer.complete
    assert answer.value <= expected + 1e-9
    if growth == 1.0:
        assert answer.value == pytest.approx(expected, rel=1e-8, abs=1e-9)


@pytest.mark.parametrize("seed", range(10))
def test_a_diagram_that_is_stopped_bounds_every_combination(seed: int) -> None:
    """A diagram that is stopped half way still promises nothing below the best."""
    grid, passed, most = drawn(seed)
    ways = outcomes(grid, passed, most)
    aim = aim_for(seed, grid, ways, 0)
    for children in (0, 3, 30):
        answer = best_below(grid, aim, math.inf, most=children)
        assert answer.bound <= least(aim, ways) + 1e-9


@pytest.mark.parametrize("seed", range(10))
def test_trained_prices_bound_every_combination_and_more_tightly_than_free_choice(seed: int) -> None:
    """Prices make a true bound that is no weaker than letting each sample choose for itself."""
    grid, passed, most = drawn(seed)
    weight, price, need = np.random.default_rng(seed).uniform(0, 1, grid.exits), 1.5, grid.samples // 2
    everyone = np.ones(grid.samples)
    prices = Priced.none(grid, 0, price).train(grid, weight, everyone, need, steps=200)
    bound = float(prices.bound(grid, weight, everyone[:, None])[0]) + prices.price * need
    for _, inside, right in outcomes(grid, passed, most):
        added = sum(w * n for w, n in zip(weight[1:], inside[1:], strict=True))
        assert added + prices.price * (need - right) >= bound - 1e-9
    oracle = float(free(grid, weight, price)[0].sum()) + price * need
    assert bound >= oracle - 1e-9


@pytest.mark.parametrize("seed", range(10))
def test_descent_stays_on_the_menus_and_never_beats_the_best(seed: int) -> None:
    """A descent ends at levels of the menus, which cannot be better than the best."""
    grid, passed, most = drawn(seed)
    ways = outcomes(grid, passed, most)
    aim = aim_for(seed, grid, ways, 0)
    best = least(aim, ways)
    counted = {levels: (inside, right) for levels, inside, right in ways}
    for start in starts(grid, aim):
        levels = polish(grid, aim, start)
        inside, right = counted[tuple(int(menu[n]) for menu, n in zip(grid.menu, levels, strict=True))]
        if right >= aim.need:
            assert sum(w * n for w, n in zip(aim.weight, inside, strict=True)) >= best - 1e-9


def test_of_equal_sets_only_what_is_not_beaten_stays() -> None:
    """States of the same samples are compared by what they spend and how many are right."""
    bits = np.zeros((5, 8), dtype=np.uint8)
    bits[3:, 0] = 255
    spent, right = np.array([[2.0], [1.0], [1.0], [9.0], [8.0]]), np.array([5.0, 3.0, 4.0, 1.0, 0.0])
    # row 1 spends as much as row 2 with fewer right; rows 0 and 2, and 3 and 4, are a trade
    assert undominated(bits, spent, right).tolist() == [0, 2, 3, 4]
    two = np.column_stack([spent, [0.0, 0.0, 5.0, 0.0, 0.0]])
    # with a second use row 1 has something for itself
    assert undominated(bits, two, right).tolist() == [0, 1, 2, 3, 4]
