"""Screens that know ASCII alone: whatever names there are, commands print."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from oracles.random_instances import write
from support.helpers import two_tiers

NAME = "größe 中"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    document = two_tiers() | {"name": NAME}
    document["tier"][0]["name"] = document["link"][0]["from"] = NAME
    return write(document, tmp_path_factory.mktemp("letters"))


@pytest.mark.parametrize(
    ("command", "code"),
    [(("solve",), 0), (("explain",), 0), (("pareto",), 0), (("solve", "--json"), 0), (("evaluate", "ü.json"), 2)],
)
def test_commands_print_what_ascii_has(command: tuple[str, ...], code: int, folder: Path) -> None:
    name, *rest = command
    env = {**os.environ, "LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    words = [sys.executable, "-m", "serflow_opt.cli", name, str(folder), *rest]
    done = subprocess.run(words, capture_output=True, env=env, timeout=120, check=False)
    assert done.returncode == code, done.stderr
    assert done.stdout.isascii()
    assert done.stderr.isascii()
    if code == 0 and not rest:
        assert b"gr\\xf6\\xdfe \\u4e2d" in done.stdout
