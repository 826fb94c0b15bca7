"""Windows against enumeration on finer times, by every idle time on its own, and against hand arithmetic."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.helpers import has_line, run
from support.idle_times import drawn, windows, write

import serflow_opt as so


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


# ----------------------------------------------------------------------------------------------------
# Replay of a trace
