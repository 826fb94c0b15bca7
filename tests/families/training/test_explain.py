"""Who holds a round up, by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.helpers import has_line, run
from support.small_training import small


def test_explain_tells_who_holds_a_round_up_and_what_other_modes_take(tmp_path: Path) -> None:
    """The phone's computing; another worker adds nothing but rent."""
    ran = run("explain", small(tmp_path), "--json")
    assert ran.document["held_up_by"] == "client phone, its computing"
    assert ran.document["worker"] == {
        "server": "adds-up",
        "workers": 2,
        "value": pytest.approx(18 / 3600),
        "better_by": pytest.approx(0, abs=1e-12),
    }
    assert [(own["mode"], own["value"] * 3600) for own in ran.document["modes"]] == [("federated", pytest.approx(18))]
    text = run("explain", tmp_path).stdout
    assert has_line(text, "a round is held up by client phone")
    assert has_line(text, "2 x adds-up", "no better")
