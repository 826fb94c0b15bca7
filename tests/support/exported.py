"""Plans to export, and readers of what comes out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import typer
from support.helpers import Ran, changed, two_tiers
from typer.testing import CliRunner

from serflow_opt.cli.export import export

app = typer.Typer(add_completion=False)
app.command()(export)


def run(*arguments: str | Path) -> Ran:
    """Run the command, which is the only one of its application here."""
    result = CliRunner().invoke(app, [str(a) for a in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), repr(result.exception)
    return Ran(result.exit_code, result.stdout, result.stderr)


def document() -> dict[str, Any]:
    """`two_tiers` on what AWS has, for 12 requests a second; half of them reach stage 2 at a threshold of 0.5."""
    made = changed(
        two_tiers(),
        workload={"rate_per_s": 12.0, "accuracy_min": 0.85, "latency_slo_ms": 5000.0, "utilisation_cap": 0.75},
        objective={"accounting": "reserved"},
    )
    made["name"] = "Two Tiers"
    made["tier"] = [
        {"name": "vm", "kind": "vm", "options": ["c6i.large"], "flops_per_s_per_vcpu": 1e10, "start_s": 90.0},
        {
            "name": "fn",
            "kind": "function",
            "memory_mb": [1769],
            "arch": ["arm64"],
            "flops_per_s_per_vcpu": 1e10,
            "keep_alive_s": 240.0,
            "concurrency_max": 500,
        },
    ]
    made["tier"][0]["workers"] = 2
    return made


def save(path: Path, content: Any) -> Path:
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def exported(folder: Path, kind: str, format_: str, *more: str) -> str:
    ran = run(folder / f"{kind}.json", "--format", format_, *more)
    assert (ran.code, ran.stderr) == (0, "")
    return ran.stdout


EXTRA = "pip install 'serflow-opt[test]'"


def resource(parsed: dict[str, Any], kind: str, label: str) -> dict[str, Any]:
    found = [r[f'"{kind}"'][f'"{label}"'] for r in parsed["resource"] if f'"{label}"' in r.get(f'"{kind}"', {})]
    assert len(found) == 1
    return dict(found[0])


def of_kind(documents: list[dict[str, Any]], kind: str, api: str = "") -> list[dict[str, Any]]:
    return [d for d in documents if d["kind"] == kind and d["apiVersion"].startswith(api)]


def two_pools(plan: Any, tiers: tuple[str, str] = ("spot", "vm"), types: tuple[str, str] = ("c6i.large",) * 2) -> Any:
    """Give the first block of a provisioned plan two pools: 3 machines for 60 % of it, 2 for the rest, 4 may wait."""
    own = [
        {"machine": name, "machine_tier": tier, "share": share, "count": count, "queue_max": 4, "busy": 0.6}
        for name, tier, share, count in zip(types, tiers, (0.6, 0.4), (3, 2), strict=True)
    ]
    first = plan["blocks"][0] | {"machine": " + ".join(types), "machine_tier": None, "count": 5, "pools": own}
    return plan | {"blocks": [first, *plan["blocks"][1:]]}
