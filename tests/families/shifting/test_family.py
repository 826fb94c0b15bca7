"""Schedules of time-shifting: by hand, against enumeration, and by every verb."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.helpers import run
from support.shifts import FUNCTION, MACHINE, best, drawn, written

import serflow_opt as so


def test_half_of_the_first_hour_waits_for_cleaner_power(tmp_path: Path) -> None:
    """4/s at 360 g/kWh, then 2/s at 36: 2/s are moved. A machine for 2/s emits 0.3 kWh x 360 = 108 g and, for 4/s,
    two 21.6 g; the function 200 J, 0.02 and 0.002 g a request: 144 and 28.8 g for 2/s and 4/s in an hour.
    """
    solution = so.solve(written(tmp_path, "deferrable = 0.5\ndefer_h = 1\n", tables=MACHINE + FUNCTION))
    assert solution.status == "optimal"
    assert solution.objective.value == pytest.approx(108.0 + 21.6, rel=1e-9)
    assert solution.achieved("deferred") == pytest.approx(2 / 6)
    assert solution.achieved("cost") == pytest.approx(9.0)


def test_without_waiting_each_hour_is_served_at_once(tmp_path: Path) -> None:
    """Two machines and one: 216 + 10.8 g; without machines 288 + 14.4 g."""
    assert so.solve(written(tmp_path / "a", "", tables=MACHINE)).objective.value == pytest.approx(226.8, rel=1e-9)
    assert so.solve(written(tmp_path / "b", "", tables=FUNCTION)).objective.value == pytest.approx(302.4, rel=1e-9)


@pytest.mark.parametrize("seed", range(8))
def test_as_enumerated(tmp_path: Path, seed: int) -> None:
    """Carbon, money and both together are the least over all numbers of machines."""
    path, numbers = drawn(seed, tmp_path)
    solution = so.solve(path)
    assert solution.status == "optimal"
    assert solution.objective.value == pytest.approx(best(numbers), rel=1e-6, abs=1e-9)


def test_every_verb(tmp_path: Path) -> None:
    """Documents come back, limits hold or clash, a front has its ends."""
    path = written(tmp_path, "deferrable = 0.5\ndefer_h = 1\n", tables=MACHINE + FUNCTION)
    solution = so.solve(path)
    assert type(solution).from_dict(json.loads(json.dumps(solution.to_dict()))) == solution
    out = tmp_path / "plan.json"
    assert run("solve", path, "--out", out).code == 0
    assert run("evaluate", path, out, "--json").document["objective"]["value"] == solution.objective.value
    assert run("solve", path, "--set", "carbon_max_g=100", "--set", "objective=cost").code == 3
    limited = run("solve", path, "--set", "cost_max_usd=8.8", "--json").document
    assert limited["status"] == "optimal"
    assert limited["objective"]["value"] > 129.6
