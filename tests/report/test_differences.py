"""Two answers side by side as a table."""

from __future__ import annotations

from serflow_opt.families.differences import differences


def test_changes_stand_beside_the_two_values() -> None:
    """Numbers get their change in per cent; what only one has gets a dash."""
    text = str(differences({"a": 2.0, "b": "x"}, {"a": 1.0}, ("one.json", "other.json")))
    assert "one.json" in text
    line = next(line for line in text.splitlines() if line.startswith("a "))
    assert line.split() == ["a", "2", "1", "-50.0%"]
    assert next(line for line in text.splitlines() if line.startswith("b ")).split() == ["b", "x", "-"]
