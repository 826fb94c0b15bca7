"""Windows against enumeration on finer times, by every idle time on its own, and against hand arithmetic."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.helpers import has_line, run

import serflow_opt as so
from serflow_opt.families.keep_alive.family import KEEP_ALIVE
from serflow_opt.families.keep_alive.problem import Window
from serflow_opt.families.keep_alive.replay import _hybrid, _lsth, _replayed
from serflow_opt.families.witnessed import solve_witnessed
from serflow_opt.search.outcome import Settings


def write(folder: Path, times: list[tuple[float, int]], name: str = "f", **keys: float) -> Path:
    """Write an instance; its function has 1 GB, so that the price of a GB is that of an idle second."""
    folder.mkdir(exist_ok=True)
    lines = ["schema = 1", 'kind = "keep-alive"', f'name = "{name}"', 'idle_times = "idle.csv"']
    lines += [f"{key} = {value}" for key, value in ({"usd_per_gb_s": 0.01} | keys).items()]
    (folder / "instance.toml").write_text("\n".join(lines), encoding="utf-8")
    rows = "\n".join(f"{time},{count}" for time, count in times)
    (folder / "idle.csv").write_text(f"idle_s,count\n{rows}\n", encoding="utf-8")
    return folder


def drawn(seed: int, count: int = 8) -> list[tuple[float, int]]:
    """Idle times in steps of half a second, some of them more than once."""
    draw = random.Random(seed)
    return [(draw.randint(0, 40) / 2, draw.randint(1, 4)) for _ in range(count)]


def by_hand(times: list[tuple[float, int]], opens: float, ends: float, step: float = 0.0) -> tuple[float, float]:
    """Idle seconds and cold starts of a request: each idle time on its own."""
    idle = cold = 0.0
    for time, count in times:
        if time < opens or time > ends or (opens > 0 and time - step < opens):
            cold += count
        idle += count * (0.0 if time < opens else (min(time, ends) - opens))
    total = sum(count for _, count in times)
    return idle / total, cold / total


def windows(times: list[tuple[float, int]], step: float) -> list[tuple[float, float]]:
    """Idle seconds and cold starts of all windows on quarters of a second."""
    quarters = [n / 4 for n in range(int(max(time for time, _ in times) * 4) + 5)]
    return [by_hand(times, p, x, step) for p in quarters for x in quarters if x >= p]


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
    found = solve_witnessed(KEEP_ALIVE, problem, {"cost": 1.0}, Settings())
    assert found.value == pytest.approx(solution.objective.value, rel=1e-6)
    assert found.proven(1e-6)
    few = KEEP_ALIVE.changed(problem, {"cold_max": 0.4, "objective": "idle"})
    assert so.solve(few).objective.value == pytest.approx(min(i for i, c in every if c <= 0.4 + 1e-9), abs=1e-9)
    short = KEEP_ALIVE.changed(problem, {"idle_max_s": 2.0, "objective": "cold"})
    assert so.solve(short).objective.value == pytest.approx(min(c for i, c in every if i <= 2 + 1e-9), abs=1e-9)


@pytest.mark.parametrize("seed", range(20))
def test_the_witness_says_what_each_idle_time_says(tmp_path: Path, seed: int) -> None:
    """Of any window."""
    times, draw = drawn(seed), random.Random(seed)
    problem = so.load(write(tmp_path, times, resolution_s=0.5))
    opens = draw.choice([0.0, draw.uniform(0, 20)])
    ends = opens + draw.uniform(0, 20)
    values = KEEP_ALIVE.evaluate(problem, Window(opens, ends)).values
    assert (values["idle"], values["cold"]) == pytest.approx(by_hand(times, opens, ends, 0.5), abs=1e-12)


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


def test_functions_share_what_being_loaded_costs(tmp_path: Path) -> None:
    """Cold starts of two, the second twice as dear to miss, within a budget: all pairs of windows."""
    both = [drawn(5, 4), drawn(6, 4)]
    rates = [1 / (sum(t * n for t, n in own) / sum(n for _, n in own)) for own in both]
    one, two = ([(i * 0.01 * r * 3600, c) for i, c in windows(own, 0.0)] for own, r in zip(both, rates, strict=True))
    budget = 12.0
    best = min(a[1] + 2 * b[1] for a in set(one) for b in set(two) if a[0] + b[0] <= budget + 1e-9)
    files = [write(tmp_path / str(n), own, f"f{n}") for n, own in enumerate(both)]
    fleet = so.solve_fleet(files, budget_usd_per_hour=budget, minimize="cold", weights={"f1": 2.0})
    assert fleet.status == "optimal"
    assert fleet.value == pytest.approx(best)
    options = ("--budget-usd-per-hour", budget, "--set", "objective=cold", "--weight", "f1=2", "--json")
    assert run("fleet", *files, *map(str, options)).document["value"] == pytest.approx(best)


def test_what_others_do_stands_beside(tmp_path: Path) -> None:
    """Never kept all are cold; the hybrid loads at the 5 % and unloads at the 99 % quantile: 1 s and 20 s of 20."""
    times = [(float(n), 1) for n in range(1, 21)]
    folder = write(tmp_path, times, usd_per_cold_start=0.05)
    values = {own.name: own.value for own in so.explain(so.load(folder)).beside}
    hybrid = 0.01 * sum(n - 1 for n in range(1, 21)) / 20
    assert values == {
        "never kept": pytest.approx(0.05),
        "always kept": pytest.approx(0.01 * 10.5),
        "ten minutes": pytest.approx(0.01 * 10.5),
        "hybrid": pytest.approx(hybrid),
    }
    assert has_line(run("explain", folder).stdout, "hybrid", "unloaded at the 99% one")


def test_commands(tmp_path: Path) -> None:
    """Exit codes, the document of a window and back, and clashing limits."""
    folder = write(tmp_path / "f", drawn(7), usd_per_cold_start=0.05)
    out = tmp_path / "window.json"
    assert run("solve", folder, "--out", out).code == 0
    assert run("evaluate", folder, out).code == 0
    assert run("evaluate", folder, out, "--set", "idle_max_s=0").code in (0, 3)
    ran = run("solve", folder, "--set", "cold_max=0", "--set", "idle_max_s=0.1", "--json")
    assert ran.code == 3
    assert {own["limit"] for own in ran.document["infeasible_because"]} == {"cold_max", "idle_max_s"}
    assert "different idle times" in run("validate", folder).stdout
    assert run("schema", "keep-alive").document["properties"]["idle_times"]


@pytest.mark.parametrize(
    ("times", "keys", "place"),
    [
        ([(-1.0, 1)], {}, "idle_s"),
        ([(1.0, 0)], {}, "column count"),
        ([(0.0, 1)], {}, "rate_per_s"),
        ([(1.0, 1)], {"usd_per_gb_s": -1}, "usd_per_gb_s"),
        ([(1.0, 1)], {"memory_gb": 0}, "memory_gb"),
        ([(1.0, 1)], {"colour": 1}, "colour"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, times: Any, keys: dict[str, float], place: str) -> None:
    """File, place, value and cure."""
    with pytest.raises(so.InputError) as error:
        so.load(write(tmp_path, times, **keys))
    assert any(place in own.place for own in error.value.problems), error.value


@pytest.mark.parametrize("document", [{}, {"prewarm_s": 2, "keep_alive_s": 1}, {"prewarm_s": -1, "keep_alive_s": 1}])
def test_what_is_no_window_is_told(tmp_path: Path, document: dict[str, float]) -> None:
    """By its place in the document."""
    problem = so.load(write(tmp_path, [(1.0, 1)]))
    with pytest.raises(so.InputError):
        KEEP_ALIVE.decision_of(problem, document)


# ----------------------------------------------------------------------------------------------------
# Replay of a trace


def test_a_window_is_replayed_gap_by_gap() -> None:
    """As every idle time on its own; the first ten minutes are the same for all."""
    draw = random.Random(4)
    gaps = [draw.uniform(0, 900) for _ in range(50)]
    cold, idle = _replayed(np.array([1.0, *gaps]), np.cumsum([1.0, *gaps]), lambda gap, now: Window(100.0, 400.0))
    by_idle, by_cold = by_hand([(gap, 1) for gap in gaps], 100.0, 400.0)
    assert (cold * 51, idle * 51) == pytest.approx((by_cold * 50, by_idle * 50 + 1.0))


def test_the_hybrid_histogram_takes_the_quantiles_of_what_it_has_seen() -> None:
    """19 idle times of 5.5 minutes and one of 20.5: 5 % is in the sixth minute, 99 % in the 21st."""
    policy = _hybrid()
    windows_ = [policy(330.0, 330.0 * n) for n in range(9)]
    assert set(windows_) == {Window(0.0, 600.0)}
    for n in range(10):
        policy(330.0, 3000.0 + 330.0 * n)
    assert policy(1230.0, 9000.0) == Window(300.0, 1260.0)
    assert policy(40_000.0, 50_000.0).keep_s == 14_400.0


def test_lsth_weighs_a_day_and_an_hour() -> None:
    """A day of 30.5 minutes, then an hour of 1.5: half of (1800, 1860) and half of (60, 120); the day forgets later."""
    policy, now = _lsth(), 0.0
    for _ in range(40):
        now += 1830.0
        policy(1830.0, now)
    for _ in range(41):
        now += 90.0
        window = policy(90.0, now)
    assert window == Window(0.5 * 60 + 0.5 * 60, 0.5 * 1860 + 0.5 * 120)


def test_simulate_sets_policies_side_by_side(tmp_path: Path) -> None:
    """Requests every ten minutes and a half: never met after ten minutes, met by what has learnt."""
    folder = write(tmp_path / "f", [(632.0, 1)], usd_per_cold_start=20.0, resolution_s=5)
    (tmp_path / "trace.csv").write_text("epoch_s\n" + "".join(f"{630 * n}\n" for n in range(60)), "utf-8")
    done = run("simulate", folder, "--trace", tmp_path / "trace.csv", "--json")
    policies = {own["policy"]: own for own in done.document["policies"]}
    assert policies["ten minutes"]["cold"] == 1.0
    assert policies["window"]["cold"] < 0.1
    assert policies["hybrid"]["cold"] < 0.3
    assert policies["chosen anew"]["cold"] < 0.3
    assert has_line(run("simulate", folder, "--trace", tmp_path / "trace.csv").stdout, "LSTH", "day's histogram")
    assert run("simulate", folder).code == 2
