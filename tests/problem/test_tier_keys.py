"""What is wrong with a tier by its keys."""

from __future__ import annotations

from typing import Any

import pytest

from serflow_opt.errors import Problem
from serflow_opt.problem.catalog import load_catalog
from serflow_opt.problem.schema import TierTable
from serflow_opt.problem.tier_keys import check_names, check_tier, check_twice


def tier(**keys: Any) -> TierTable:
    """A tier as a file may have it."""
    return TierTable.model_validate({"name": "t", **keys})


@pytest.mark.parametrize(
    ("keys", "places"),
    [
        ({"kind": "vm", "options": ["c6i.large"], "flops_per_s_per_vcpu": 1e9}, []),
        ({"kind": "vm"}, ["t.options"]),
        ({"kind": "vm", "memory_mb": [512], "cold_share": 0.5},
         ["t.cold_share", "t.memory_mb", "t.flops_per_s_per_vcpu"]),
        ({"kind": "function", "memory_mb": [512], "term": "spot", "workers": 2, "flops_per_s_per_vcpu": 1e9},
         ["t.term", "t.workers"]),
        ({"kind": "function", "memory_mb": [512], "stage_times": "t.csv", "speed_curve": "s.csv"}, ["t.speed_curve"]),
    ],
)  # fmt: skip
def test_all_keys_that_do_not_fit_are_named(keys: dict[str, Any], places: list[str]) -> None:
    """Each has a place of its own, and nothing else is said."""
    problems: list[Problem] = []
    check_tier(tier(**keys), "file", "t", problems)
    assert [own.place for own in problems] == places


def test_names_are_checked_where_nothing_else_can_be() -> None:
    """One is of no machine, and one stands twice, once in the catalogue and once written out."""
    problems: list[Problem] = []
    keys = {"kind": "vm", "options": ["c6i.large", "c6i.larg"], "option": [{"name": "c6i.large"}]}
    check_names(tier(**keys), load_catalog(), "file", "t", problems)
    assert [own.place for own in problems] == ["t.options", "t"]
    assert "c6i.large" in problems[0].cure
    problems.clear()
    check_twice(["a", "b", "a"], "file", "t", problems)
    assert [own.found for own in problems] == ["option 'a' twice"]
