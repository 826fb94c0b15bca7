"""Plans of how long functions are kept, where seconds may stand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.helpers import load, two_tiers

import serflow_opt as so


def with_plan(tmp_path: Path, document: Any, **keys: Any) -> so.Instance:
    """Two tiers; functions are kept as a file says."""
    own = two_tiers()
    tmp_path.mkdir(exist_ok=True)
    (tmp_path / "kept.json").write_text(json.dumps(document))
    function = next(tier for tier in own["tier"] if tier["kind"] == "function")
    function |= {"keep_alive_plan": "kept.json"} | keys
    return load(own, tmp_path)


def test_a_plan_says_how_long(tmp_path: Path) -> None:
    """The plan of a keep-alive problem that does not unload at once gives its seconds."""
    idle = tmp_path / "idle"
    idle.mkdir()
    (idle / "idle.csv").write_text("idle_s,count\n30,10\n90,5\n4000,2\n")
    (idle / "instance.toml").write_text(
        'schema = 1\nkind = "keep-alive"\nname = "idle"\nidle_times = "idle.csv"\nresolution_s = 100\n'
        "memory_gb = 1.0\nusd_per_gb_s = 1e-7\nusd_per_cold_start = 1e-4\n"
    )
    plan = so.solve(so.load(idle / "instance.toml")).to_dict()
    assert plan["plan"]["prewarm_s"] == 0
    instance = with_plan(tmp_path / "own", plan)
    kept = [tier.scaling.keep_alive_s for tier in instance.tiers if tier.kind == "function"]
    assert kept == [plan["plan"]["keep_alive_s"]]


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"kind": "keep-alive", "plan": {"prewarm_s": 60.0, "keep_alive_s": 90.0}}, "loaded again after 60 s"),
        ({"kind": "keep-alive", "plan": None}, "no plan of how long"),
        ({"kind": "batching", "plan": {"prewarm_s": 0, "keep_alive_s": 9}}, "no plan of how long"),
        ([1], "give the document of one plan"),
    ],
)
def test_other_documents_are_refused(tmp_path: Path, document: Any, said: str) -> None:
    """With the place of the key and what may stand there."""
    with pytest.raises(so.InputError, match=said):
        with_plan(tmp_path, document)


def test_seconds_and_a_plan_are_one_too_many(tmp_path: Path) -> None:
    """Which of the two is meant nobody knows; a file that is not there is named."""
    with pytest.raises(so.InputError, match="given together with keep_alive_s; keep one"):
        with_plan(tmp_path, {}, keep_alive_s=60.0)
    with pytest.raises(so.InputError, match=r"none.json: no such file"):
        with_plan(tmp_path, {}, keep_alive_plan="none.json")
