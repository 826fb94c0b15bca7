"""The command `serve`: what is refused before anything is served, and a service from its start to its end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from support.helpers import load
from support.serving import counted
from typer.testing import CliRunner

from serflow_opt.cli.main import app
from serflow_opt.serving import extra


def said(*arguments: str, **variables: str) -> str:
    """What goes to stderr of a command that is refused."""
    done = CliRunner().invoke(app, ["serve", *arguments], env=variables)
    assert (done.exit_code, done.stdout) == (2, ""), done.output
    return done.stderr


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("libra", "--host", "0.0.0.0"), "can be reached by others; give an API key"),
        (("libra", "--keda", "10.0.0.1:9090"), "--keda: 10.0.0.1 can be reached by others"),
        (("libra", "--query", "up"), "--prometheus, --query: one without the other; give both, or none"),
        (("libra", "--tls-cert", "c.pem"), "--tls-cert, --tls-key: one without the other"),
        (("libra", "--api-key-file", "no/key"), "no/key: --api-key-file: cannot be read"),
        (("libra", "--state", "no/such/state.db"), "--state: no such folder"),
        (("bert12-sst2", "--set", "rate_per_s=0"), "rate_per_s"),
        (("vgg16-phones",), "vgg16-phones"),
    ],
)
def test_what_is_refused(
    arguments: tuple[str, ...], text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At once, with what would be right."""
    pytest.importorskip("starlette")
    monkeypatch.chdir(tmp_path)
    assert text in said(*arguments)
    assert not (tmp_path / "serflow.db").exists()


def test_a_key_that_can_be_guessed(tmp_path: Path) -> None:
    """From a file or from the variable; empty files have none."""
    pytest.importorskip("starlette")
    (tmp_path / "key").write_text("1234\n")
    (tmp_path / "empty").write_text("\n")
    assert "API key: 4 characters" in said("libra", "--api-key-file", str(tmp_path / "key"))
    assert "empty: --api-key-file: empty" in said("libra", "--api-key-file", str(tmp_path / "empty"))
    assert "API key: 5 characters" in said("libra", SERFLOW_OPT_API_KEY="12345")


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command says what to install."""
    monkeypatch.setattr(extra, "WANTED", {"no_such": "no-such"})
    assert "no-such not installed; pip install 'serflow-opt[serve]'" in said("libra")


def test_a_service_from_start_to_end(tmp_path: Path) -> None:
    """It says where it listens, ends by Ctrl-C with 0, prints nothing, and leaves its state."""
    pytest.importorskip("starlette")
    command = [sys.executable, "-m", "serflow_opt.cli", "serve", "libra", "--port", "0"]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ
    ) as own:
        watch = threading.Timer(60, own.kill)
        watch.start()
        assert own.stderr is not None
        first = own.stderr.readline()
        own.send_signal(signal.SIGINT)
        out, err = own.communicate()
        watch.cancel()
    assert first.startswith("libra on http://127.0.0.1:"), first + err
    assert (own.returncode, out, err) == (0, "", "")
    assert (tmp_path / "serflow.db").exists()


def test_a_service_in_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It finds blocks that take 8 at a time, and at 1,000 requests a second orders what does 2.5 batches at once."""
    pytest.importorskip("starlette")
    from serflow_opt.serving import server

    document = {
        "schema": 1,
        "name": "batched",
        "network": {"stages": "stages.csv", "input_bytes": 1000},
        "exits": {"table": "exits.csv"},
        "workload": {"rate_per_s": 400, "latency_slo_ms": 200.0},
        "tier": [
            {
                "name": "gpu",
                "kind": "vm",
                "start_s": 60.0,
                "batch": [8],
                "batch_wait_ms": [25.0],
                "stage_times": "gpu.csv",
                "option": [{"name": "card", "usd_per_hour": 3.6}],
            }
        ],
        "tables": {
            "stages.csv": [{"stage": 1, "flops": 1e9, "activation_bytes": 1000, "parameter_bytes": 1000}],
            "exits.csv": [{"stage": 1, "threshold": 0, "exit_rate": 1.0, "accuracy": 0.9}],
            "gpu.csv": [{"stage": 1, "option": "card", "batch": n, "mean_ms": 20.0} for n in (1, 8)],
        },
    }
    instance, orders = load(document, tmp_path), list[dict[str, Any]]()

    async def told(loop: Any, *_: Any, **__: Any) -> None:
        loop.take([counted(loop.service, *[1000.0] * 10)])
        orders.append(loop.decide())

    monkeypatch.setattr(server, "run", told)
    call = ["serve", str(tmp_path / "instance.toml"), "--settle-s", "0", "--state", str(tmp_path / "s.db")]
    done = CliRunner().invoke(app, call)
    assert (done.exit_code, done.stdout, instance.takes_batches) == (0, "", True), done.output
    (block,) = orders[0]["blocks"]
    assert (block["batch"], block["batch_wait_ms"]) == (8, 25.0)
    assert 3 <= block["machines"][0]["count"] <= 5
