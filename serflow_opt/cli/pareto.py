"""The command `pareto`: the exact front of an instance, as a table, a picture, CSV or JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from serflow_opt.cli.common import (
    INFEASIBLE,
    LIMIT,
    OK,
    AccountingFlag,
    AccuracyMin,
    CarbonMax,
    Catalogs,
    CostMax,
    Debug,
    EnergyMax,
    Exclude,
    Include,
    Json,
    LatencyMeasure,
    LatencySlo,
    ModeFlag,
    PrivacyMax,
    Rate,
    ScenarioName,
    Settings,
    check_out,
    finish,
    load_limited,
    spinner,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from serflow_opt.fronts.front import Front, FrontProgress


class View(StrEnum):
    """How a front is drawn."""

    plane = "plane"
    space = "space"
    parallel = "parallel"


def pareto(
    file: Annotated[str, typer.Argument(help="Instance file, folder, or shipped instance.")],
    more: Annotated[list[str] | None, typer.Argument(metavar="[OBJECTIVE]...", help="Further objectives.")] = None,
    objectives: Annotated[
        list[str] | None,
        typer.Option(
            metavar="OBJECTIVE",
            help="Two or more of cost, latency, privacy, energy, carbon, accuracy. Default: cost latency.",
        ),
    ] = None,
    accuracy_min: AccuracyMin = None,
    latency_slo_ms: LatencySlo = None,
    latency_measure: LatencyMeasure = None,
    cost_max_usd: CostMax = None,
    energy_max_j: EnergyMax = None,
    carbon_max_g: CarbonMax = None,
    privacy_max: PrivacyMax = None,
    rate_per_s: Rate = None,
    accounting: AccountingFlag = None,
    mode: ModeFlag = None,
    settings: Settings = None,
    include: Include = None,
    exclude: Exclude = None,
    coverage: Annotated[
        float | None, typer.Option(help="Enough plans that none is beaten by more than this, relative; 0.01: 1 %.")
    ] = None,
    time_limit: Annotated[float | None, typer.Option(help="Seconds; what was found by then is kept.", min=0.0)] = None,
    jobs: Annotated[int, typer.Option(help="Processes, where plans are found one by one (else one).", min=1)] = 1,
    resume: Annotated[
        Path | None, typer.Option(help="File that notes what is found, to go on from where it ended early.")
    ] = None,
    scenario: ScenarioName = None,
    catalog: Catalogs = None,
    as_json: Json = False,
    out: Annotated[Path | None, typer.Option(help="Write the plans to this file (.csv, .json).")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw the front into this file (.png, .pdf, .svg).")] = None,
    view: Annotated[View, typer.Option(help="Draw two objectives, three, or an axis for each.")] = View.plane,
    debug: Debug = False,
) -> None:
    """Find all plans that no other plan beats in every objective, and prove that none is missing."""

    def work() -> int:
        from serflow_opt.cli.output import check_plot, show
        from serflow_opt.families.verbs import answering

        check_plot(plot)
        check_out(out, ".csv", ".json")
        wanted = [*(objectives or []), *(more or [])]
        instance = load_limited(
            file,
            catalog,
            "pareto",
            scenario=scenario,
            settings=settings,
            accuracy_min=accuracy_min,
            latency_slo_ms=latency_slo_ms,
            latency_measure=latency_measure,
            cost_max_usd=cost_max_usd,
            energy_max_j=energy_max_j,
            carbon_max_g=carbon_max_g,
            privacy_max=privacy_max,
            rate_per_s=rate_per_s,
            accounting=accounting,
            mode=mode,
            include=include,
            exclude=exclude,
        )
        with _progress(sys.stderr.isatty() and not as_json) as report:
            front = answering("pareto", instance)(
                instance,
                *([wanted] if wanted else []),
                coverage=coverage,
                time_limit=time_limit,
                jobs=jobs,
                journal=resume,
                on_progress=report,
            )
        if resume is not None and not resume.exists():
            print(f"note: {resume} was not needed: this front is found in one piece", file=sys.stderr)
        if out is not None:
            _write(front, out)
        if plot is not None and front.plans:
            _draw(front, plot, view)
        if as_json:
            print(json.dumps(front.to_dict(), indent=2))
        else:
            show(front)
        if front.coverage is None or front.coverage > (coverage or 0.0):
            return LIMIT
        return OK if front.plans else INFEASIBLE

    finish(work, debug)


@contextmanager
def _progress(wanted: bool) -> Iterator[Callable[[FrontProgress], None] | None]:
    """Show on stderr what a long search is at, where somebody may be looking."""
    if not wanted:
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (
        SpinnerColumn(spinner(console)),
        BarColumn(20),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None)

        def show(progress: FrontProgress) -> None:
            gap = "" if progress.gap is None else f", gap {progress.gap:.2%}"
            found = f"{progress.plans:,} plans, " if progress.plans else ""
            bar.update(task, description=f"{found}{progress.doing}{gap}")

        yield show


def _write(front: Front, path: Path) -> None:
    from serflow_opt.files import write_atomically

    text = (
        front.to_frame().to_csv(index=False) if path.suffix.lower() == ".csv" else json.dumps(front.to_dict(), indent=2)
    )
    write_atomically(path, lambda draft: draft.write_text(text, encoding="utf-8"))


def _draw(front: Front, path: Path, view: View) -> None:
    from matplotlib.figure import Figure

    from serflow_opt.files import write_atomically

    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots(subplot_kw={"projection": "3d"} if view is View.space else None)
    front.plot(axes, view.value)
    write_atomically(path, lambda draft: figure.savefig(draft, dpi=150))
