"""Rounds simulated against the plan."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.helpers import has_line, run
from support.small_training import small

import serflow_opt as so
from serflow_opt.families.training.simulate import simulate


def test_simulated_rounds_meet_the_plan(tmp_path: Path) -> None:
    """Who is drawn, late or gone by chance: time and money within 3 % of what is expected, in each way of waiting."""
    keys = ("count = 10", "count = 10\nlate = 0.1\nlate_factor = 1.5\ndrops = 0.05\nusd_per_round = 0.001")
    for n, more in enumerate(("", "round_deadline_s = [5]", "synchronous = false")):
        folder = small(tmp_path / str(n), *keys, {"rounds": "local_epochs,clients,accuracy,rounds\n1,5,0.7,60\n"})
        text = (folder / "instance.toml").read_text().replace("[training]", f"[training]\n{more}")
        (folder / "instance.toml").write_text(text)
        found = simulate(so.load(folder), trainings=60, seed=3)
        assert all(abs(own.off) < 0.03 for own in found.figures), found.figures
        assert found.arrived == pytest.approx(5, rel=0.02)
    ran = run("simulate", small(tmp_path / "3"), "--trainings", "5", "--json")
    assert [own["off"] for own in ran.document["figures"]] == [pytest.approx(0, abs=1e-12)] * 3
    assert has_line(run("simulate", tmp_path / "3").stdout, "round s", "4.5")
    assert type(found).from_dict(json.loads(json.dumps(found.to_dict()))) == found
    assert run("simulate", tmp_path / "3", "--trace", "twitter-day").code == 2
