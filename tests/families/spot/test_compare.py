"""Rules side by side."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.helpers import run

import serflow_opt as so
from serflow_opt.families.spot.compare import SpotComparison, compare, rules_of

TEXT = (
    'schema = 1\nkind = "spot"\nname = "s"\nworkers_min = 2\n[[zone]]\nname = "z"\n'
    '[[offer]]\nname = "steady"\nusd_per_hour = 3\nmachines_max = 5\n'
    '[[offer]]\nname = "spot"\nusd_per_hour = 1\nzone = "z"\nmachines_max = 5\n'
)


def test_rules_beside_their_bounds(tmp_path: Path) -> None:
    """Machines that start at once: on demand 6; spot 2 for two thirds of the time and 6 for a third, 10 / 3."""
    (tmp_path / "instance.toml").write_text(TEXT, encoding="utf-8")
    (tmp_path / "m.csv").write_text("seconds,z\n600,1\n600,0\n600,1\n", "utf-8")
    found = compare(so.load(tmp_path), tmp_path / "m.csv", every_s=60.0)
    by = {own.rule: own for own in found.rules}
    assert by["on demand"].usd_per_hour == pytest.approx(6.0)
    assert by["spot first"].usd_per_hour == pytest.approx(10 / 3)
    assert by["odds"].late == 0.0
    assert found.enough_usd_per_hour == pytest.approx(10 / 3, rel=1e-6)
    assert all(own.usd_per_hour >= (own.bound_usd_per_hour or 0.0) * (1 - 1e-7) for own in found.rules)
    assert by["on demand"].over == pytest.approx(0.8, rel=1e-5)
    assert SpotComparison.from_dict(found.to_dict()) == found
    assert list(found.to_frame()["rule"]) == list(by)


def test_rules_that_do_not_apply_are_left_out(tmp_path: Path) -> None:
    """Without a zone there is nothing to spread."""
    (tmp_path / "instance.toml").write_text(TEXT.replace('zone = "z"\n', ""), encoding="utf-8")
    found, reasons = rules_of(so.load(tmp_path).data, 0.01)
    assert (list(found), list(reasons)) == (["odds", "on demand"], ["spot hedge", "spot first"])


def test_the_commands(tmp_path: Path) -> None:
    """`compare` has rules, `scale` bounds alone; both one document; a table as CSV; no picture."""
    (tmp_path / "instance.toml").write_text(TEXT, encoding="utf-8")
    market, out = tmp_path / "m.csv", tmp_path / "table.csv"
    market.write_text("seconds,z\n600,1\n600,0\n", "utf-8")
    done = run("compare", tmp_path, "--trace", market, "--json", "--out", out)
    assert done.code == 0
    assert [own["rule"] for own in done.document["rules"]] == ["odds", "on demand", "spot first", "spot hedge"]
    assert out.read_text().startswith("rule,words,usd_per_hour")
    assert "nobody pays less" in run("compare", tmp_path, "--trace", market).stdout
    bounds = json.loads(run("scale", tmp_path, "--trace", market, "--json").stdout)
    assert bounds["rules"] == []
    assert bounds["enough_usd_per_hour"] == pytest.approx(4.0, rel=1e-6)
    assert run("compare", tmp_path, "--trace", market, "--plot", tmp_path / "x.png").code == 0
    assert (tmp_path / "x.png").stat().st_size > 1000
    assert run("compare", tmp_path, "--trace", tmp_path / "none.csv").code == 2
