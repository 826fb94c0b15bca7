"""Random grids of samples, and every combination of levels on them."""

from __future__ import annotations

import itertools
import math

import numpy as np

from serflow_opt.search.joint.grid import Aim, Grid


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
