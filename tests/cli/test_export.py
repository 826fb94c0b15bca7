"""The command `export`: where it writes, under which name and ending."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.helpers import run

ALONE = {"function": "cpu", "size": 2.0, "unit": "vCPU", "batch": 1, "calls": 1.0}
GROUP = ALONE | {"applications": ["x"], "timeouts_ms": {"x": 0.0}, "target_ms": {"x": 500.0}}


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    """The plan of one application alone."""
    file = tmp_path / "plan.json"
    file.write_text(json.dumps({"kind": "batching", "instance": "mine", "plan": {"groups": [GROUP]}}), encoding="utf-8")
    return file


@pytest.mark.parametrize(("system", "ending"), [("triton", "pbtxt"), ("ray-serve", "yaml"), ("torchserve", "yaml")])
def test_a_folder_gets_a_file_of_the_plan_s_name(system: str, ending: str, plan: Path, tmp_path: Path) -> None:
    """The same text that is printed, under the instance's name or the one given; where it is, is all that is said."""
    printed = run("export", plan, "--format", system).stdout
    for flags, name in (((), "mine"), (("--name", "other"), "other")):
        written = run("export", plan, "--format", system, "--out", tmp_path, *flags)
        file = tmp_path / f"{name}.{ending}"
        assert (written.code, written.stdout) == (0, f"{file}\n")
        assert file.read_text("utf-8") == printed.replace("mine", name)


def test_a_file_keeps_the_name_that_is_asked(plan: Path, tmp_path: Path) -> None:
    """Whatever its ending, a file that is named is the one that is written."""
    asked = tmp_path / "config.txt"
    assert run("export", plan, "--format", "triton", "--out", asked).stdout == f"{asked}\n"
    assert 'name: "x"' in asked.read_text("utf-8")
