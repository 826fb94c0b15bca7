"""Faults of instance files in words."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError
from support.helpers import two_tiers

from serflow_opt.problem.document_faults import explained
from serflow_opt.problem.schema import InstanceDocument


def faults(raw: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Place, value and cure of each."""
    with pytest.raises(ValidationError) as refused:
        InstanceDocument.model_validate(raw)
    found = [explained("f.toml", raw, error) for error in refused.value.errors()]  # type: ignore[arg-type]
    return [(own.place, own.found, own.cure) for own in found]


@pytest.mark.parametrize(
    ("table", "key", "value", "place", "found", "cure"),
    [
        ("workload", "acuracy_min", 0.5, "workload.acuracy_min", "unknown key (= 0.5)", "did you mean accuracy_min"),
        ("workload", "accuracy_min", "much", "workload.accuracy_min", "'much'", "write a number"),
        ("workload", "utilisation_cap", 0.0, "workload.utilisation_cap", "0.0", "write a number above 0"),
        ("network", "input_bytes", float("nan"), "network.input_bytes", "nan", "write a finite number"),
        ("objective", "accounting", "rented", "objective.accounting", "'rented'", "write 'per-request'"),
    ],
)
def test_a_fault_has_place_value_and_cure(
    table: str, key: str, value: object, place: str, found: str, cure: str
) -> None:
    """In the words of the file, counted from one."""
    raw = {name: own for name, own in two_tiers().items() if name != "tables"}
    raw[table] = raw.get(table, {}) | {key: value}
    ((where, what, how),) = faults(raw)
    assert (where, what) == (place, found)
    assert how.startswith(cure)


def test_entries_of_lists_are_counted_from_one_and_named() -> None:
    """Whoever has seven options wants to know which one."""
    raw = {name: own for name, own in two_tiers().items() if name != "tables"}
    raw["tier"][1]["option"][0]["memory_mb"] = -1
    ((where, _, _),) = faults(raw)
    assert where == 'tier[2].option[1].memory_mb (of "f")'
