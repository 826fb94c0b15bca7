"""Standard output belongs to the answer: every command prints one JSON document, whoever writes to its descriptor."""

from __future__ import annotations

import ctypes
import json
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import typer

from serflow_opt.cli.main import app
from serflow_opt.ground.answers import is_answer

TRACE = "second,requests\n" + "".join(f"{second},{count}\n" for second, count in enumerate((3, 0, 5, 2, 1, 4)))
POINTS = "memory_mb,mean_ms\n512,400\n1024,200\n1769,116\n3538,70\n"
CALLS: dict[str, tuple[str, ...]] = {
    "solve": ("libra",),
    "evaluate": ("libra", "plan.json"),
    "validate": ("libra", "bert12-sst2"),
    "catalog": ("c7g.*",),
    "explain": ("libra",),
    "fleet": ("libra", "libra", "--budget-usd-per-hour", "3"),
    "pareto": ("libra", "cost", "latency"),
    "sweep": ("libra", "--set", "latency_slo_ms=1000,2000"),
    "diff": ("answer.json", "answer.json"),
    "run": ("digits", "plan.json", "--threads", "1"),
    "rounds": ("two.npz", "--workers", "1", "--rounds-max", "20"),
    "new": ("--list",),
    "speed": ("points.csv", "--flops", "8.2e9"),
    "provision": ("libra",),
    "scale": ("libra", "--trace", "trace.csv"),
    "bound": ("trace.csv", "--slo", "500", "--capacity", "5", "--usd-per-hour", "1"),
    "simulate": ("libra", "--trace", "trace.csv"),
    "compare": ("libra", "--trace", "trace.csv"),
    "reproduce": ("--only", "numpywren-tasks"),
    "versions": (),
}
"""Arguments of every command that has --json."""
NO_ANSWERS = {"validate", "catalog", "versions"}
"""Commands whose documents say nothing of what was asked: `diff` and `report` refuse them."""
WITH_HIGHS: tuple[tuple[str, ...], ...] = (
    ("solve", "libra", "resnet50-lambda", "--jobs", "2", "--method", "milp"),
    ("solve", "libra", "--method", "milp", "--threads", "2", "--gap", "0"),
)
"""Calls that make HiGHS work, in workers and in threads."""


def command(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    installed = Path(sysconfig.get_path("scripts")) / "serflow-opt"
    start: Sequence[str] = [str(installed)] if installed.exists() else [sys.executable, "-m", "serflow_opt.cli"]
    return subprocess.run(
        [*start, *arguments, "--json"], capture_output=True, text=True, cwd=cwd, timeout=300, check=False
    )


def here(*arguments: str) -> int:
    """Run a command in this process, printing to the descriptors as it would in its own; the exit code."""
    with pytest.raises(SystemExit) as end:
        app([*arguments, "--json"])
    sys.stdout.flush()
    ctypes.CDLL(None).fflush(None)  # what C code printed
    return int(end.value.code or 0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("commands")
    (path / "trace.csv").write_text(TRACE)
    (path / "points.csv").write_text(POINTS)
    np.savez(path / "two.npz", inputs=np.arange(64.0).reshape(32, 2), labels=np.arange(32) % 2)
    answer = {"instance": "x", "status": "optimal"}
    (path / "answer.json").write_text(json.dumps(answer), encoding="utf-8")
    return path


def test_every_command_with_json_is_called_here() -> None:
    """A new command with --json has to be entered above, so that none prints beside its document unseen."""
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    having = {name for name, own in commands.items() if any("--json" in option.opts for option in own.params)}
    assert having == set(CALLS)


@pytest.mark.parametrize(
    "call", [(name, *arguments) for name, arguments in CALLS.items()] + list(WITH_HIGHS), ids=" ".join
)
def test_standard_output_is_one_json_document(
    call: tuple[str, ...], folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Scripts read standard output as JSON: not even libraries written in C may print a line to its descriptor."""
    if call[0] == "run" and find_spec("torch") is None:
        pytest.skip("run needs PyTorch: pip install 'serflow-opt[profile]'")
    monkeypatch.chdir(folder)
    if "plan.json" in call and not (plan := folder / f"{call[1]}.json").exists():
        assert here("solve", call[1], "--out", str(plan)) == 0
        capfd.readouterr()
    code = here(*(str(plan) if word == "plan.json" else word for word in call))
    printed = capfd.readouterr()
    assert code == 0, printed.err
    document = json.loads(printed.out)
    assert isinstance(document, list) or is_answer(document) == (call[0] not in NO_ANSWERS)


def test_a_process_of_its_own_prints_one_json_document(folder: Path) -> None:
    """What libraries say while they are loaded does not reach standard output either."""
    done = command("solve", "libra", "--method", "milp", cwd=folder)
    assert done.returncode == 0, done.stderr
    json.loads(done.stdout)


def test_highs_says_nothing_in_a_thread_of_a_user(tmp_path: Path) -> None:
    """What a service or a notebook prints stays its own, whichever thread is the first to reach HiGHS."""
    script = tmp_path / "service.py"
    script.write_text(
        "import threading, serflow_opt as so\n"
        "instance = so.load('libra')\n"
        "works = [threading.Thread(target=so.solve, args=(instance,), kwargs={'method': 'milp'}) for _ in range(3)]\n"
        "[work.start() for work in works]\n"
        "[work.join() for work in works]\n"
        "print('mine')\n"
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=120, check=False)
    assert (done.stdout, done.stderr) == ("mine\n", "")
