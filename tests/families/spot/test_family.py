"""Spot pools behind the verbs."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.helpers import has_line, run
from support.spot_pools import HEAD

import serflow_opt as so

OFFERS = (
    'workers_min = 2\n[[offer]]\nname = "steady"\nusd_per_hour = 1\nmachines_max = 4\n[[offer]]\nname = "spot"\n'
    'usd_per_hour = 0.4\nterm = "spot"\ninterruptions_per_day = 288\nreplace_s = 100\nmachines_max = 9\n'
)
"""Spot machines are up for 300 of 400 s."""


def written(folder: Path, limits: str) -> Path:
    """Write an instance of two steady machines and nine that are away for a quarter of the time."""
    (folder / "instance.toml").write_text(HEAD + OFFERS + limits, encoding="utf-8")
    return folder


def test_mixed_pools_by_hand(tmp_path: Path) -> None:
    """At 98 %: of 5 on spot two are up but for 1/4^5 + 5 x 3/4^5; cheaper than 1 steady and 3; 4 are too few."""
    plan = so.solve(written(tmp_path, "[limits]\navailability_min = 0.98\n"))
    assert {own["offer"]: own["machines"] for own in plan.plan["pool"]} == {"steady": 0, "spot": 5}
    assert plan.objective.value == pytest.approx(1.5)
    assert plan.achieved("availability") == pytest.approx(1 - 1 / 4**5 - 15 / 4**5)
    assert "independently of each other" in plan.certificate.scope


def test_every_verb(tmp_path: Path) -> None:
    """Solve, evaluate, explain with what stands beside, a front, validate with a warning where nothing is asked."""
    folder, out = written(tmp_path, "[limits]\navailability_min = 0.99\n"), tmp_path / "plan.json"
    assert run("solve", folder, "--out", out).code == 0
    assert run("evaluate", folder, out).code == 0
    assert run("evaluate", folder, out, "--set", "availability_min=0.99999").code == 3
    assert has_line(run("explain", folder).stdout, "on demand", "never taken away")
    front = run("pareto", folder, "cost", "late", "--json")
    assert front.code == 0
    assert [own["objective"]["value"] for own in front.document["plans"]] == pytest.approx([6 * 0.3, 2.0])
    assert run("solve", folder, "--set", "budget_usd_per_hour=0.5").code == 3
    assert "nothing is cheapest" in run("validate", written(tmp_path, "")).stderr
    assert "outages_per_day" in run("schema", "spot").stdout
