"""The command `pareto`: the exact front of an instance, as a table, a picture, CSV or JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from serflow_opt.command_line import INFEASIBLE, LIMIT, OK, Catalogs, Debug, Json, finish

if TYPE_CHECKING:
    from collections.abc import Callable

    from serflow_opt.front import Front, FrontProgress


def pareto(
    file: Annotated[str, typer.Argument(help="Instance file, folder, or shipped instance.")],
    more: Annotated[list[str] | None, typer.Argument(metavar="[OBJECTIVE]...", help="Further objectives.")] = None,
    objectives: Annotated[
        list[str] | None,
        typer.Option(metavar="OBJECTIVE", help="Two or three of cost, latency, accuracy. Default: cost latency."),
    ] = None,
    accuracy_min: Annotated[float | None, typer.Option(help="Accuracy floor, 0 to 1.")] = None,
    latency_slo_ms: Annotated[float | None, typer.Option(help="Latency bound, ms.")] = None,
    latency_measure: Annotated[str | None, typer.Option(help="worst, mean, or p50 .. p99.9.")] = None,
    coverage: Annotated[
        float | None, typer.Option(help="Enough plans that none is beaten by more than this, relative; 0.01: 1 %.")
    ] = None,
    time_limit: Annotated[float | None, typer.Option(help="Seconds; what was found by then is kept.", min=0.0)] = None,
    catalog: Catalogs = None,
    as_json: Json = False,
    out: Annotated[Path | None, typer.Option(help="Write the plans to this file (.csv, .json).")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw the front into this file (.png, .pdf, .svg).")] = None,
    debug: Debug = False,
) -> None:
    """Find all plans that no other plan beats in every objective, and prove that none is missing."""

    def work() -> int:
        from serflow_opt.errors import InputError, Problem
        from serflow_opt.loader import load
        from serflow_opt.output import check_plot, show
        from serflow_opt.pareto_fronts import pareto as find

        check_plot(plot)
        if out is not None and out.suffix.lower() not in (".csv", ".json"):
            raise InputError([Problem(str(out), "--out", f"ending '{out.suffix}'", "end in .csv or .json")])
        wanted = [*(objectives or []), *(more or [])] or ["cost", "latency"]
        limits = {
            "accuracy_min": accuracy_min,
            "latency_slo_s": None if latency_slo_ms is None else latency_slo_ms / 1000,
            "latency_measure": latency_measure,
        }
        given = {key: value for key, value in limits.items() if value is not None}
        instance = load(file, catalog or ()).with_limits(**given)
        front = find(
            instance,
            wanted,  # type: ignore[arg-type]  # what is no objective is told by pareto itself
            coverage=coverage,
            time_limit=time_limit,
            on_progress=_progress() if sys.stderr.isatty() and not as_json else None,
        )
        if out is not None:
            _write(front, out)
        if plot is not None and front.plans:
            _draw(front, plot)
        if as_json:
            print(json.dumps(front.to_dict(), indent=2))
        else:
            show(front)
        if front.coverage is None or front.coverage > (coverage or 0.0):
            return LIMIT
        return OK if front.plans else INFEASIBLE

    finish(work, debug)


def _progress() -> Callable[[FrontProgress], None]:
    """Print a row every two seconds of a long search."""
    printed = 0.0

    def show(progress: FrontProgress) -> None:
        nonlocal printed
        if progress.seconds - printed < 2:
            return
        printed = progress.seconds
        gap = "" if progress.gap is None else f", gap {progress.gap:.2%}"
        print(f"{progress.seconds:7.1f} s  {progress.doing}: {progress.plans} plans{gap}", file=sys.stderr)

    return show


def _write(front: Front, path: Path) -> None:
    from serflow_opt.files import write_atomically

    text = (
        front.to_frame().to_csv(index=False) if path.suffix.lower() == ".csv" else json.dumps(front.to_dict(), indent=2)
    )
    write_atomically(path, lambda draft: draft.write_text(text, encoding="utf-8"))


def _draw(front: Front, path: Path) -> None:
    from matplotlib.figure import Figure

    from serflow_opt.files import write_atomically

    figure = Figure(figsize=(8, 5), layout="constrained")
    front.plot(figure.subplots())
    write_atomically(path, lambda draft: figure.savefig(draft, dpi=150))
