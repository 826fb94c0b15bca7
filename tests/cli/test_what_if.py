"""The first minutes: an instance to start from, and the same what-if flags on every command."""

from __future__ import annotations

from pathlib import Path

from oracles.writing import write
from support.helpers import run, two_tiers

import serflow_opt as so


def test_new_makes_a_small_instance_that_solves_as_it_is(tmp_path: Path) -> None:
    """The first instance a newcomer gets is explained by comments and works in every command."""
    folder = tmp_path / "mine"
    assert run("new", folder).code == 0
    text = (folder / "instance.toml").read_text(encoding="utf-8")
    assert sum("#" in line for line in text.splitlines()) > 15
    assert run("validate", folder).code == 0
    assert so.solve(folder).status == "optimal"
    assert run("provision", folder).code == 0
    assert "bert12-sst2" in run("new", "--list").stdout
    assert "--list" in run("new").stderr
    assert "new --list" in run("new", tmp_path / "x", "--from", "bert").stderr


def test_commands_take_the_same_what_if_flags(tmp_path: Path) -> None:
    """A flag learnt at one command means the same at the others."""
    folder = write(two_tiers() | {"workload": {"rate_per_s": 5.0}}, tmp_path)
    flags = ["--accounting", "per-request", "--exclude", "vm", "--rate-per-s", "3", "--accuracy-min", "0.8"]
    explained = run("explain", folder, *flags, "--objective", "latency", "--json").document
    assert explained["plan"]["limits"]["rate_per_s"] == 3.0
    assert explained["plan"]["objective"]["name"] == "latency"
    assert {place["tier"] for place in explained["plan"]["plan"]["placement"]} == {"fn"}
    front = run("pareto", folder, *flags, "--json").document
    assert {place["tier"] for plan in front["plans"] for place in plan["plan"]["placement"]} == {"fn"}
    so.solve(folder).save(tmp_path / "p.json")
    valued = run("evaluate", folder, tmp_path / "p.json", "--latency-slo-ms", "1", "--accounting", "reserved", "--json")
    assert valued.code == 3
    assert valued.document["limits"]["accounting"] == "reserved"
    fleet = run("fleet", folder, "--budget-usd-per-hour", "100", "--exclude", "vm", "--accuracy-min", "0.85", "--json")
    assert fleet.document["services"][0]["plan"]["limits"]["accuracy_min"] == 0.85
