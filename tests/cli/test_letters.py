"""Screens that know ASCII alone: whatever names there are, commands print."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from oracles.writing import write
from support.helpers import two_tiers

NAME = "größe 中"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    document = two_tiers() | {"name": NAME}
    document["tier"][0]["name"] = document["link"][0]["from"] = NAME
    return write(document, tmp_path_factory.mktemp("letters"))


CALLS = [(("solve",), 0), (("explain",), 0), (("pareto",), 0), (("solve", "--json"), 0), (("evaluate", "ü.json"), 2)]
SCRIPT = """
import sys
from serflow_opt.cli.main import main
for call in {calls}:
    sys.argv = ["serflow-opt", *call]
    try:
        main()
    except SystemExit as end:
        for stream in (sys.stdout, sys.stderr):
            print("exit", end.code or 0, file=stream, flush=True)
"""


def test_commands_print_what_ascii_has(folder: Path) -> None:
    """A screen that knows ASCII alone shows other letters as escapes, and no command ends in an error of encoding."""
    calls = [[name, str(folder), *rest] for (name, *rest), _ in CALLS]
    env = {**os.environ, "LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    words = [sys.executable, "-c", SCRIPT.format(calls=ascii(calls))]
    done = subprocess.run(words, capture_output=True, env=env, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.isascii()
    assert done.stderr.isascii()
    parts = re.split(rb"exit (\d+)\n", done.stdout)
    assert [int(code) for code in parts[1::2]] == [code for _, code in CALLS], done.stderr
    for printed in parts[0:6:2]:  # tables, not documents
        assert b"gr\\xf6\\xdfe \\u4e2d" in printed
