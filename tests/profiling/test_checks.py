"""What can be wrong with a profile, found before the long work begins."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("torch")

import torch
from support.tiny_networks import clusters

from serflow_opt.profiling.checks import wrong_folder, wrong_parts, wrong_request
from serflow_opt.profiling.data.parts import split
from serflow_opt.profiling.settings import ProfileSettings

PLAIN = ProfileSettings()


def test_a_folder_is_made_or_replaced_where_that_is_safe(tmp_path: Path) -> None:
    """A new folder is fine; an instance is replaced with --force; nothing else ever is."""
    old = tmp_path / "old"
    old.mkdir()
    assert list(wrong_folder(tmp_path / "new", False)) == []
    assert "--force" in next(wrong_folder(old, False)).cure
    assert next(wrong_folder(old, True)).found == "is no instance folder"
    (old / "instance.toml").touch()
    assert list(wrong_folder(old, True)) == []
    assert "no folder" in next(wrong_folder(tmp_path / "a" / "b", False)).found


def test_options_that_do_not_go_together_are_told_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """An ONNX file is not run, labels are needed to train, and a GPU has to be there."""
    onnx = wrong_request("n.onnx", True, False, replace(PLAIN, privacy=True))
    assert [problem.place for problem in onnx] == ["--privacy", "--data"]
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    asked = replace(PLAIN, training="joint", device="cuda", repeats=1, trained=1)
    places = [problem.place for problem in wrong_request("n.py:N", False, False, asked)]
    assert places == ["--repeats", "--training-batch", "--device", "--train"]
    assert list(wrong_request("n.py:N", True, False, PLAIN)) == []


def test_parts_that_are_used_need_two_inputs() -> None:
    """Six inputs leave one to calibrate on: too few, said with the sizes of all parts; hundreds are enough."""
    (problem,) = wrong_parts("n", split(clusters(6)), replace(PLAIN, privacy=True))
    assert "at least 2 are needed" in problem.cure
    assert list(wrong_parts("n", split(clusters(600)), replace(PLAIN, privacy=True))) == []
