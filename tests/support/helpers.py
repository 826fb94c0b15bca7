"""What the test modules share: paths, the command run in-process and for real, and small instances made of dicts."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from oracles.writing import write
from typer.testing import CliRunner

import serflow_opt as so
from serflow_opt.cli.main import app

DATA = Path(__file__).parents[1] / "data"
GOOD = DATA / "good"
BAD = DATA / "bad"
REPOSITORY = Path(__file__).parents[2]


class Ran:
    """What a command left behind."""

    def __init__(self, code: int, stdout: str, stderr: str) -> None:
        self.code, self.stdout, self.stderr = code, stdout, stderr

    @property
    def document(self) -> Any:
        """All of stdout as one JSON document."""
        return json.loads(self.stdout)


def run(*arguments: str | Path) -> Ran:
    """Run the command in this process. No exception may come out of it, and no traceback may be printed."""
    result = CliRunner().invoke(app, [str(a) for a in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), repr(result.exception)
    assert "Traceback" not in result.stderr + result.stdout
    return Ran(result.exit_code, result.stdout, result.stderr)


def run_for_real(*arguments: str | Path, cwd: Path | None = None) -> Ran:
    """Run the command in a process of its own."""
    command = [sys.executable, "-m", "serflow_opt.cli", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=120, check=False)
    return Ran(done.returncode, done.stdout, done.stderr)


def has_line(text: str, *parts: str) -> bool:
    """Whether one line of a text holds all parts."""
    return any(all(part in line for part in parts) for line in text.splitlines())


def validator(what: str) -> Any:
    """A validator for the schema of instances or plans, as the command prints it; the schema itself is checked."""
    jsonschema = pytest.importorskip("jsonschema", reason="pip install 'serflow-opt[test]'")
    schema = run("schema", what).document
    kind = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)
    kind.check_schema(schema)
    return kind(schema)


def load(document: Mapping[str, Any], folder: Path) -> so.Instance:
    """Write a document (see `oracles.random_instances`) and load it."""
    return so.load(write(document, folder))


def changed(document: Mapping[str, Any], **tables: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of a document with keys of its tables set, e.g. workload={"latency_slo_ms": 5.0}."""
    copy: dict[str, Any] = deepcopy(dict(document))
    for table, keys in tables.items():
        copy.setdefault(table, {}).update(keys)
    return copy


def plan_of(places: Sequence[tuple[str, str]], thresholds: Mapping[int, float] | None = None) -> dict[str, Any]:
    """A plan document from (tier, option) by stage and a threshold by classifier."""
    return {
        "placement": [{"stage": s, "tier": t, "option": o} for s, (t, o) in enumerate(places, start=1)],
        "thresholds": [{"stage": s, "threshold": a} for s, a in (thresholds or {}).items()],
    }


def two_tiers() -> dict[str, Any]:
    """Two stages, a VM and a function; every figure of a plan can be had by head.

    VM: 2e9 and 4e9 FLOP at 2e10 FLOP/s take 100 and 200 ms; 7.2 USD/h are 2e-3 USD/s.
    Function: at 4e10 FLOP/s 50 and 100 ms; 4 GiB x 5e-5 USD/GiB-s are 2e-4 USD/s, fee 3e-6 USD; a cold start takes
    400 ms, one request in four meets it.
    Hand-over: 2e6 bytes at 160 Mbit/s take 100 ms, and 20 ms round trip; 0.1 USD/GB make 2e-4 USD.
    Exits: at 0.5 half leave and 80 % of these are right; at 0.9 one in five leaves and 95 % are right;
    92 % of the others are right at the end.
    """
    return {
        "schema": 1,
        "name": "two-tiers",
        "network": {"stages": "stages.csv", "input_bytes": 600_000},
        "exits": {"table": "exits.csv"},
        "workload": {},
        "tier": [
            {"name": "vm", "kind": "vm", "option": [{"name": "v", "flops_per_s": 2e10, "usd_per_hour": 7.2}]},
            {
                "name": "fn",
                "kind": "function",
                "cold_start_ms": 400.0,
                "cold_share": 0.25,
                "option": [
                    {
                        "name": "f",
                        "flops_per_s": 4e10,
                        "memory_mb": 4096,
                        "usd_per_gb_s": 5e-5,
                        "usd_per_request": 3e-6,
                    }
                ],
            },
        ],
        "link": [
            {"from": "vm", "to": "fn", "bandwidth_mbit_s": 160.0, "round_trip_ms": 20.0, "usd_per_gb": 0.1},
        ],
        "objective": {"minimize": "cost"},
        "tables": {
            "stages.csv": [
                {"stage": 1, "flops": 2 * 10**9, "activation_bytes": 2 * 10**6, "parameter_bytes": 5 * 10**6},
                {"stage": 2, "flops": 4 * 10**9, "activation_bytes": 4000, "parameter_bytes": 7 * 10**6},
            ],
            "exits.csv": [
                {"stage": 1, "threshold": 0.5, "exit_rate": 0.5, "accuracy": 0.8},
                {"stage": 1, "threshold": 0.9, "exit_rate": 0.2, "accuracy": 0.95},
                {"stage": 2, "threshold": 0, "exit_rate": 1, "accuracy": 0.92},
            ],
        },
    }


V, F = ("vm", "v"), ("fn", "f")
"""The two options of `two_tiers`."""


def islands() -> dict[str, Any]:
    """`two_tiers` with the input at a VM too small for the network, and no link out of it: nothing can run."""
    document = changed(two_tiers(), workload={"source": "vm"}) | {"name": "islands", "link": []}
    document["tier"][0]["option"][0]["memory_mb"] = 1
    return document
