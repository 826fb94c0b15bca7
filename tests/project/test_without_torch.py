"""Without the extra `profile` the commands that need it say how to get it."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest
from support.helpers import GOOD, has_line, run


@pytest.fixture(autouse=True)
def no_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    real: Callable[..., ModuleSpec | None] = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == "torch" else real(name, *rest))


def test_profile_says_how_to_get_it(tmp_path: Path) -> None:
    """Without PyTorch `profile` names the extra to install, and leaves nothing behind."""
    ran = run("profile", "digits", "--out", tmp_path / "digits")
    assert (ran.code, ran.stdout) == (2, "")
    assert has_line(ran.stderr, "serflow-opt profile", "PyTorch is not installed", "serflow-opt[profile]")
    assert list(tmp_path.iterdir()) == []


def test_run_says_how_to_get_it(tmp_path: Path) -> None:
    """Without PyTorch `run` names the extra to install."""
    ran = run("run", GOOD, tmp_path / "plan.json")
    assert ran.code == 2
    assert has_line(ran.stderr, "serflow-opt run", "PyTorch is not installed", "serflow-opt[profile]")


def test_the_rest_works() -> None:
    """Nobody needs PyTorch to solve."""
    assert run("solve", GOOD).code == 0
