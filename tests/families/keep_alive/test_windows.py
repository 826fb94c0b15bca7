"""Windows against enumeration on finer times."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.idle_times import drawn, windows, write

import serflow_opt as so
from serflow_opt.families.keep_alive.family import KEEP_ALIVE
from serflow_opt.families.witnessed import solve_witnessed
from serflow_opt.search.outcome import SearchSettings


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("step", [0.0, 0.5])
def test_the_window_is_the_best_of_all(tmp_path: Path, seed: int, step: float) -> None:
    """By cost, by idle time with few cold starts, and the other way round; by the search and by the model."""
    times = drawn(seed)
    problem = so.load(write(tmp_path, times, usd_per_cold_start=0.05, resolution_s=step))
    every = windows(times, step)
    solution = so.solve(problem)
    assert solution.status == "optimal"
    assert solution.objective.value == pytest.approx(min(0.01 * i + 0.05 * c for i, c in every), abs=1e-12)
    found = solve_witnessed(KEEP_ALIVE, problem, {"cost": 1.0}, SearchSettings())
    assert found.value == pytest.approx(solution.objective.value, rel=1e-6)
    assert found.proven(1e-6)
    few = KEEP_ALIVE.changed(problem, {"cold_max": 0.4, "objective": "idle"})
    assert so.solve(few).objective.value == pytest.approx(min(i for i, c in every if c <= 0.4 + 1e-9), abs=1e-9)
    short = KEEP_ALIVE.changed(problem, {"idle_max_s": 2.0, "objective": "cold"})
    assert so.solve(short).objective.value == pytest.approx(min(c for i, c in every if i <= 2 + 1e-9), abs=1e-9)


def test_a_window_by_hand(tmp_path: Path) -> None:
    """A third come after 1 s, the others after 100 s. Loaded from 100 s on, only the third is cold: 0.06 / 3.

    Rounded up to 10 s, they may come from 90 s on, and 10 s of being loaded are 0.1 x 2/3 more. Kept for 1 s instead:
    0.01 for everybody, and 0.06 x 2/3.
    """
    times = [(1.0, 2), (100.0, 4)]
    solution = so.solve(write(tmp_path / "a", times, usd_per_cold_start=0.06))
    assert solution.plan == {"prewarm_s": 100.0, "keep_alive_s": 100.0}
    assert solution.objective.value == pytest.approx(0.02)
    rounded = so.solve(write(tmp_path / "b", times, usd_per_cold_start=0.06, resolution_s=10))
    assert rounded.plan == {"prewarm_s": 0.0, "keep_alive_s": 1.0}
    assert rounded.objective.value == pytest.approx(0.05)
    assert rounded.achieved("held") == pytest.approx(0.01 * 3600 / 67)


def test_the_front_is_that_of_all_windows(tmp_path: Path) -> None:
    """Every undominated pair of cold starts and idle time."""
    times = drawn(3, 5)
    points = {(round(c, 9), round(i, 9)) for i, c in windows(times, 0.0)}
    best = {p for p in points if not any(q != p and q[0] <= p[0] and q[1] <= p[1] for q in points)}
    front = so.pareto(write(tmp_path, times), ("cold", "idle"))
    assert front.complete
    assert {(round(c, 9), round(i, 9)) for c, i in front.points} == best
