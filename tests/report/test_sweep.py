"""A sweep as a table."""

from __future__ import annotations

from serflow_opt.families.sweep import SweptValues


def test_only_what_differs_is_shown() -> None:
    """A column that is the same in every row says nothing; a reason stands below, once."""
    told = {"objective": "cost", "unit": "USD"}
    rows = (
        {"key": 1, "status": "infeasible", "value": None, **told, "same": None, "other": None, "because": "too late"},
        {"key": 2, "status": "optimal", "value": 3.0, **told, "same": 7.0, "other": 1.0, "because": ""},
        {"key": 3, "status": "optimal", "value": 2.0, **told, "same": 7.0, "other": 2.0, "because": ""},
    )
    text = str(SweptValues("here", ("key",), rows))
    assert "cost (USD)" in text
    assert "other" in text
    assert "same" not in text
    assert text.count("infeasible: too late") == 1
