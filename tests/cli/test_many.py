"""Several instances in one command."""

from __future__ import annotations

from pathlib import Path

import pytest
from oracles.writing import write
from support.helpers import BAD, GOOD, changed, has_line, islands, run, two_tiers, validator


@pytest.fixture
def slow(tmp_path: Path) -> Path:
    """An instance that no plan is fast enough for: the fastest takes 300 ms."""
    return write(changed(two_tiers() | {"name": "slow"}, workload={"latency_slo_ms": 1.0}), tmp_path / "slow")


def test_several_instances_make_a_list_a_row_each_and_the_worst_exit_code(slow: Path) -> None:
    """Several files are a row each, and the code is that of the worst."""
    files = (GOOD, GOOD / "measured.toml", slow)
    ran = run("solve", *files, "--json")
    assert ran.code == 3
    assert [plan["status"] for plan in ran.document] == ["optimal", "optimal", "infeasible"]
    for plan in ran.document:
        validator("plan").validate(plan)
    table = run("solve", *files)
    assert table.code == 3
    assert has_line(table.stdout, "good", "optimal", "USD/request")
    assert has_line(table.stdout, "measured", "optimal", "ms")
    assert has_line(table.stdout, "slow", "infeasible")


def test_a_limit_is_worse_than_infeasible(tmp_path: Path) -> None:
    """Of a stopped and an infeasible instance the stopped one decides the code: nothing is proven of it."""
    file = write(islands(), tmp_path)
    ran = run("solve", file, GOOD, "--method", "milp", "--time-limit", "0", "--json")
    assert [plan["status"] for plan in ran.document] == ["infeasible", "no_solution"]
    assert ran.code == 4


def test_one_bad_file_among_good_ones_stops_everything() -> None:
    """Bad files are all told before anything is solved."""
    ran = run("solve", GOOD, BAD / "link-twice", BAD / "flops-text", "--json")
    assert (ran.code, ran.stdout) == (2, "")
    assert has_line(ran.stderr, "link-twice")
    assert has_line(ran.stderr, "flops-text")
