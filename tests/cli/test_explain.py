"""The command `explain`: what it prints, writes, and ends with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.helpers import run


def test_the_command(tmp_path: Path) -> None:
    """The command's table has the options with values worked out by hand."""
    out = tmp_path / "why.json"
    ran = run("explain", "libra", "--json", "--out", out)
    assert ran.code == 0
    assert ran.document == json.loads(out.read_text(encoding="utf-8"))
    rows = {(row["tier"], row["option"]): row for row in ran.document["options"]}
    # nine machines at 0.1 USD/h for 143/s, or 0.5 x 0.00001667 + 0.0000002 a request on the function
    assert rows["vm", "m4.large"]["value"] == pytest.approx(9 * 0.1 / 3600 / 143)
    assert rows["vm", "m4.large"]["chosen"]
    assert rows["vm", None]["value"] == pytest.approx(0.5 * 0.00001667 + 0.0000002)
    assert rows["function", None]["worse_by"] == 0
    shown = run("explain", "libra").stdout
    assert "the best plan" in shown
    assert "does not bind" in shown
    assert run("explain", "bert12-sst2", "--latency-slo-ms", "10").code == 3


def test_limits_of_the_command_are_those_explained() -> None:
    """A target of twice the work is asked as given, reached with a second to spare, and does not bind."""
    ran = run("explain", "libra", "--latency-slo-ms", "2000", "--json")
    (limit,) = ran.document["limits"]
    assert (limit["limit"], limit["asked"], limit["reached"], limit["binds"]) == ("latency_slo_ms", 2000, 1000, False)
