"""What can be exported, and what is refused."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from support.exported import exported, read, run, save

from serflow_opt.export.description import Description

FORMATS = ("terraform", "k8s", "json")


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("kind", ["solved", "provisioned"])
def test_an_exported_json_is_a_plan_again(folder: Path, tmp_path: Path, kind: str, format_: str) -> None:
    """The description exports to the same files as the plan it was made of."""
    more = ("--instance", str(folder / "instance"))
    (tmp_path / "again.json").write_text(exported(folder, kind, "json", *more), encoding="utf-8")
    assert exported(tmp_path, "again", format_) == exported(folder, kind, format_, *more)
    made = read(tmp_path / "again.json")
    assert Description.model_validate(made).to_dict() == made


def without(plan: dict[str, Any], key: str) -> dict[str, Any]:
    return {k: v for k, v in plan.items() if k != key}


BROKEN = {
    "a list": (lambda solved, _: [solved, solved], "a list of 2"),
    "a number": (lambda *_: 3, "not a plan"),
    "an instance": (lambda *_: {"tier": [], "network": {}}, "not a plan: tier, network"),
    "no schedule": (lambda *_: {"service": "x", "blocks": []}, "not a plan"),
    "infeasible": (lambda s, _: s | {"status": "infeasible", "plan": None, "metrics": None}, "status: 'infeasible'"),
    "empty": (lambda _, p: p | {"blocks": [], "status": "infeasible", "reason": "too slow"}, "(too slow)"),
    "unknown key": (lambda s, _: s | {"colour": 1}, "colour: unknown key"),
    "missing": (lambda _, p: without(p, "thresholds"), "thresholds: missing"),
    "out of order": (lambda s, _: s | {"plan": s["plan"] | {"placement": s["plan"]["placement"][::-1]}}, "from 1"),
    "nothing behind": (
        lambda _, p: p | {"blocks": [p["blocks"][0] | {"count": 0, "function": None}]},
        "blocks[1]: neither a machine nor a function",
    ),
    "wrong type": (lambda _, p: p | {"blocks": [p["blocks"][0] | {"count": "x"}]}, "blocks[1].count: 'x'"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_is_no_plan_is_told(folder: Path, tmp_path: Path, case: str) -> None:
    """Files that are no plan are refused by name and key."""
    make, said = BROKEN[case]
    broken = make(read(folder / "solved.json"), read(folder / "provisioned.json"))
    file = save(tmp_path / "plan.json", deepcopy(broken))
    ran = run(file, "--format", "json")
    assert (ran.code, ran.stdout) == (2, "")
    assert said in ran.stderr
    assert str(file) in ran.stderr


def test_other_faults_are_told(folder: Path, tmp_path: Path) -> None:
    """Missing files, names that no cloud takes and unknown formats are refused in words."""
    (tmp_path / "no.json").write_text("{", encoding="utf-8")
    plan = str(folder / "solved.json")
    for arguments, said in (
        ((str(tmp_path / "none.json"), "--format", "json"), "no such file"),
        ((str(tmp_path / "no.json"), "--format", "json"), "not JSON (line 1"),
        ((plan, "--format", "k8s", "--name", "Über"), "--name: 'Über'"),
        ((plan, "--format", "k8s", "--name", "a" * 41), "at most 40"),
        ((plan, "--format", "json", "--instance", "bert12-sst2"), "is not in 'bert12-sst2'"),
        ((plan, "--format", "json", "--out", str(tmp_path / "no" / "x.json")), "cannot write there"),
        ((plan, "--format", "yaml"), "yaml"),
        ((plan,), "--format"),
    ):
        ran = run(*arguments)
        assert (ran.code, ran.stdout) == (2, "")
        assert said in ran.stderr


@pytest.mark.parametrize(("format_", "ending"), [("terraform", "tf"), ("k8s", "yaml"), ("json", "json")])
def test_files_are_written_whole(folder: Path, tmp_path: Path, format_: str, ending: str) -> None:
    """Into a file or a folder the same text is written, and its path printed."""
    text = exported(folder, "solved", format_, "--name", "web")
    for out, file in ((tmp_path / "x.txt", tmp_path / "x.txt"), (tmp_path, tmp_path / f"web.{ending}")):
        ran = run(folder / "solved.json", "--format", format_, "--name", "web", "--out", out)
        assert (ran.code, ran.stdout.strip()) == (0, str(file))
        assert file.read_text(encoding="utf-8") == text
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted({"x.txt", f"web.{ending}"})
