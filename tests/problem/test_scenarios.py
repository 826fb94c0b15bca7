"""Named overrides laid over an instance file."""

from __future__ import annotations

from typing import Any

from serflow_opt.errors import Problem
from serflow_opt.problem.scenarios import in_scenario, scenario_names

FILE: dict[str, Any] = {
    "workload": {"rate_per_s": 20.0, "accuracy_min": 0.9},
    "tier": [{"name": "vm", "options": ["a"]}, {"name": "fn", "cold_start_ms": 5.0}],
    "scenario": {
        "peak": {"workload": {"rate_per_s": 40.0}, "tier": {"fn": {"cold_start_ms": 9.0}, "1": {"options": ["b"]}}},
        "odd": {"tier": {"gpu": {"options": ["c"]}}},
    },
}


def test_a_scenario_changes_its_keys_only() -> None:
    """Tables by name or number; the file itself stays as it was, and its scenarios are gone."""
    problems: list[Problem] = []
    found = in_scenario({**FILE, "scenario": {"peak": FILE["scenario"]["peak"]}}, "peak", "f", problems)
    assert not problems
    assert found == {
        "workload": {"rate_per_s": 40.0, "accuracy_min": 0.9},
        "tier": [{"name": "vm", "options": ["b"]}, {"name": "fn", "cold_start_ms": 9.0}],
    }
    assert FILE["tier"][0]["options"] == ["a"]
    assert scenario_names(FILE) == ["peak", "odd"]


def test_every_scenario_is_checked_whichever_is_asked_for() -> None:
    """A tier that is not there is told with its place, an unknown scenario with what there is."""
    problems: list[Problem] = []
    in_scenario(FILE, "pek", "f", problems)
    assert [(own.place, own.found) for own in problems] == [
        ("scenario.odd.tier.gpu", "no tier 'gpu'"),
        ("--scenario", "'pek'"),
    ]


def test_scenarios_have_names() -> None:
    """A list of scenarios is no table by name."""
    problems: list[Problem] = []
    in_scenario({"scenario": [{"workload": {}}]}, None, "f", problems)
    assert problems[0].found == "no tables by name"
