"""The command `explain`: what the best plan beats, by how much, and what its limits cost."""

from __future__ import annotations

import json
import sys
from contextlib import nullcontext
from typing import Annotated, Any

import typer

from serflow_opt.command_line import (
    INFEASIBLE,
    LIMIT,
    OK,
    AccuracyMin,
    Catalogs,
    CostMax,
    Debug,
    EnergyMax,
    Json,
    LatencyMeasure,
    LatencySlo,
    Out,
    PrivacyMax,
    check_out,
    finish,
)

EXIT_CODES = {"optimal": OK, "infeasible": INFEASIBLE, "feasible": LIMIT, "no_solution": LIMIT}


def explain(
    file: Annotated[str, typer.Argument(help="Instance file, folder, or shipped instance.", metavar="FILE")],
    accuracy_min: AccuracyMin = None,
    latency_slo_ms: LatencySlo = None,
    latency_measure: LatencyMeasure = None,
    cost_max_usd: CostMax = None,
    energy_max_j: EnergyMax = None,
    privacy_max: PrivacyMax = None,
    gap: Annotated[float, typer.Option(help="Relative gap of each solve.", min=0.0)] = 1e-6,
    time_limit: Annotated[float | None, typer.Option(help="Seconds for each solve.", min=0.0)] = None,
    catalog: Catalogs = None,
    as_json: Json = False,
    out: Out = None,
    debug: Debug = False,
) -> None:
    """Options considered, what the winner beats and by how much, which limits bind and what relaxing them buys."""

    def work() -> int:
        from serflow_opt.explaining import explain as find
        from serflow_opt.files import write_atomically
        from serflow_opt.loader import load
        from serflow_opt.output import show

        check_out(out)
        limits: dict[str, Any] = {
            "accuracy_min": accuracy_min,
            "latency_slo_s": None if latency_slo_ms is None else latency_slo_ms / 1000,
            "latency_measure": latency_measure,
            "cost_max_usd": cost_max_usd,
            "energy_max_j": energy_max_j,
            "privacy_max": privacy_max,
        }
        instance = load(file, catalog or ()).with_limits(**{k: v for k, v in limits.items() if v is not None})
        with _status(sys.stderr.isatty() and not as_json) as status:
            found = find(
                instance,
                gap=gap,
                time_limit=time_limit,
                on_progress=None if status is None else (lambda text: status.update(f"solving: {text}")),
            )
        text = json.dumps(found.to_dict(), indent=2)
        if out is not None:
            write_atomically(out, lambda path: path.write_text(text + "\n", encoding="utf-8"))
        if as_json:
            print(text)
        else:
            show(found)
        return EXIT_CODES[found.plan.status]

    finish(work, debug)


def _status(wanted: bool) -> Any:
    """A line on stderr where somebody may be looking."""
    if not wanted:
        return nullcontext(None)
    from rich.console import Console

    return Console(stderr=True).status("")
