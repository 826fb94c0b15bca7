"""The least of falling curves, and what it rules out, by hand and at many points."""

from __future__ import annotations

import numpy as np
import pytest

from serflow_opt.search.rented.frontier import Frontier


def falling(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A convex curve."""
    steps = np.sort(rng.uniform(0.1, 2.0, int(rng.integers(0, 4))))[::-1]
    x = rng.uniform(0, 1) + np.concatenate([[0.0], np.cumsum(rng.uniform(0.1, 1.0, len(steps)))])
    return x, 5.0 - np.concatenate([[0.0], np.cumsum(steps * np.diff(x))])


def test_by_hand() -> None:
    """A curve from (1, 4) to (3, 2) and the plan (2, 1): the first before 2, then the second."""
    both = Frontier.none().within(np.array([1.0, 3.0]), np.array([4.0, 2.0])).within(np.array([2.0]), np.array([1.0]))
    assert both.at(np.array([0.5, 1.0, 1.5, 2.0, 2.5, 9.0])).tolist() == pytest.approx([np.inf, 4, 3.5, 1, 1, 1])
    cuts = [(1.0, 0.0, 2.0), (0.0, 1.0, 1.0)]  # x >= 2 and y >= 1
    assert both.rules_out(cuts, 1.0, 0.0, 0.0, 9.0)
    assert not both.rules_out([(1.0, 0.0, 1.5), (0.0, 1.0, 1.0)], 1.0, 0.0, 0.0, 9.0)
    assert not both.rules_out([(1.0, 0.0, 2.0), (0.0, 1.0, 0.9)], 1.0, 0.0, 0.0, 9.0)
    assert both.rules_out([(1.0, 0.0, 2.0), (0.0, 1.0, 0.9)], 1.0, 0.04, 0.0, 9.0)  # of 3 that the plan costs, 0.12


@pytest.mark.parametrize("seed", range(20))
def test_the_least_of_random_curves(seed: int) -> None:
    """At many points it is the least of all, and what it rules out is nowhere below it."""
    rng = np.random.default_rng(seed)
    curves = [falling(rng) for _ in range(6)]
    frontier = Frontier.none()
    for x, y in curves[:5]:
        frontier = frontier.within(x, y)
    points = rng.uniform(0, 5, 300)
    least = np.min([np.interp(points, x, y, left=np.inf) for x, y in curves[:5]], axis=0)
    assert frontier.at(points) == pytest.approx(least, rel=1e-9)
    x, y = curves[5]
    y = y + rng.uniform(-0.5, 3.0)
    u, v = np.append([1.0, 0.0], -np.diff(y)), np.append([0.0, 1.0], np.diff(x))
    bounds = np.append([x[0], y[-1]], -np.diff(y) * x[:-1] + np.diff(x) * y[:-1])
    own = np.interp(points, x, y, left=np.inf)
    below = bool((own + 1e-9 < frontier.at(points)).any())
    cuts = list(zip(u.tolist(), v.tolist(), bounds.tolist(), strict=True))
    out = frontier.rules_out(cuts, 0.0, 0.0, 0.0, 5.0)
    assert not (out and below)
    if not frontier.left(u, v, bounds[None], 0.0, 0.0)[0]:
        assert not below
    assert frontier.rules_out(cuts, 0.0, 0.0, float(x[0]), 5.0) == out
