"""Ctrl-C on the command line: once keeps the best plan, twice ends at once; waiting is for what is shown."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time

import pytest

PATIENCE_S = 240.0
"""Long beyond what a busy machine takes."""


def searching() -> subprocess.Popen[str]:
    """Start a search that takes long, and wait for its first row."""
    command = [sys.executable, "-m", "serflow_opt.cli", "solve", "bert12-sst2", "--method", "milp", "--gap", "0"]
    asked = ["--latency-measure", "p95", "--json", "-v"]
    started = subprocess.Popen([*command, *asked], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert started.stderr is not None
    for line in started.stderr:
        if " s  best " in line:
            return started
    pytest.fail("no row was shown")


def ended(started: subprocess.Popen[str]) -> tuple[int, str, str]:
    stdout, stderr = started.communicate(timeout=PATIENCE_S)
    return started.returncode, stdout, stderr


def test_once_keeps_the_best_plan() -> None:
    """One press ends the search with its best plan as the document, and code 4."""
    started = searching()
    started.send_signal(signal.SIGINT)
    code, stdout, stderr = ended(started)
    assert (code, "Traceback" in stderr) == (4, False)
    assert json.loads(stdout)["status"] in ("feasible", "no_solution")


def test_twice_ends_at_once() -> None:
    """Where the first press ended it before the second came, that is as good."""
    started = searching()
    for _ in range(2):
        started.send_signal(signal.SIGINT)
        time.sleep(0.05)
    code, stdout, stderr = ended(started)
    # Python ends itself by the signal where it came within an `exec`, as in the making of a dataclass: 130 in a shell
    assert (code, "Traceback" in stderr) in ((130, False), (-signal.SIGINT, False), (4, False))
    assert code == 4 or not stdout


@pytest.mark.parametrize(("arguments", "code"), [(["new", "--list"], 0), (["solve", "nowhere"], 2)])
def test_all_is_said_before_it_comes(arguments: list[str], code: int) -> None:
    """While Python shuts down nobody takes the key."""
    lines = [
        "import atexit, os, signal, sys",
        "from serflow_opt.cli.main import main",
        "atexit.register(os.kill, os.getpid(), signal.SIGINT)",
        f"sys.argv = ['serflow-opt', *{arguments}]",
        "main()",
    ]
    ran = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, timeout=PATIENCE_S)
    assert (ran.returncode, "KeyboardInterrupt" in ran.stderr) == (code, False)
