"""What commands write: documents, files, pictures, names as they are."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from oracles.writing import write
from support.helpers import GOOD, changed, has_line, plan_of, run, two_tiers


@pytest.fixture(scope="module")
def solved() -> dict[str, Any]:
    """The document of the good instance, solved."""
    ran = run("solve", GOOD, "--json")
    assert ran.code == 0, ran.stderr
    document: dict[str, Any] = ran.document
    return document


def test_out_is_the_document_that_json_prints(solved: dict[str, Any], tmp_path: Path) -> None:
    """What is saved is what is printed, and no draft stays behind."""
    ran = run("solve", GOOD, "--out", tmp_path / "plan.json", "--json")
    written = json.loads((tmp_path / "plan.json").read_text(encoding="utf-8"))
    assert written == ran.document
    assert [path.name for path in tmp_path.iterdir()] == ["plan.json"]


@pytest.mark.parametrize("flag", ["--out", "--plot", "--write-lp"])
def test_a_target_that_cannot_be_written_exits_2(flag: str, tmp_path: Path) -> None:
    """A target that cannot be written is told by its path."""
    (tmp_path / "folder.png").mkdir()
    for target in (tmp_path / "absent" / "x.png", tmp_path / "folder.png"):
        ran = run("solve", GOOD, flag, target)
        assert ran.code == 2
        assert has_line(ran.stderr, str(target))


@pytest.mark.parametrize(("flag", "name"), [("--out", "plan.json"), ("--plot", "plan.png"), ("--write-lp", "model.lp")])
def test_a_failure_while_writing_leaves_the_old_file(
    flag: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk costs no old result."""
    target = tmp_path / name
    target.write_text("old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    ran = run("solve", GOOD, flag, target)
    assert ran.code in (1, 2)
    assert "No space left" in ran.stderr
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("flags", [(), ("--json",)])
def test_a_reader_that_closes_early_causes_no_fuss(flags: tuple[str, ...]) -> None:
    """`| head` ends the command silently."""
    command = [sys.executable, "-m", "serflow_opt.cli", "catalog", *flags]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    complaints = process.stderr.read()
    process.stderr.close()
    assert process.wait(60) != 1
    assert complaints == ""


def oddly_named(folder: Path, name: str) -> Path:
    document = changed(two_tiers() | {"name": name, "description": name}, workload={"latency_slo_ms": 400.0})
    document["tier"][0]["name"] = document["link"][0]["from"] = name
    document["tier"][0]["option"][0]["name"] = name
    return write(document, folder)


@pytest.mark.parametrize("name", ["[eu]", "[/vm]", "[bold]x", "a_{b}$^{", "größe 1 :smile:", "%s {0}"])
def test_names_are_shown_as_they_are(name: str, tmp_path: Path) -> None:
    """Names with brackets, dollars and braces are shown as they are written."""
    file = oddly_named(tmp_path / "instance", name)
    assert run("validate", file).code == 0
    one = run("solve", file)
    assert (one.code, one.stderr) == (0, "")
    assert has_line(one.stdout, f"{name}: {name}")
    several = run("solve", file, file)
    assert (several.code, several.stderr) == (0, "")
    assert has_line(several.stdout, name, "optimal")
    (tmp_path / "plan.json").write_text(json.dumps(plan_of([(name, name), (name, name)], {1: 0.5})))
    valued = run("evaluate", file, tmp_path / "plan.json")
    assert (valued.code, valued.stderr) == (0, "")
    assert has_line(valued.stdout, f"{name}: {name}")


@pytest.mark.parametrize("name", ["[eu]", "a_{b}$^{", "$x_{$", "größe"])
def test_names_can_be_drawn(name: str, tmp_path: Path) -> None:
    """Names with signs of formulas can be drawn."""
    ran = run("solve", oddly_named(tmp_path / "instance", name), "--plot", tmp_path / "plan.png", "--json")
    assert (ran.code, ran.stderr) == (0, "")
    assert (tmp_path / "plan.png").stat().st_size > 5000
