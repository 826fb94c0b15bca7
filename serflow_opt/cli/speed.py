"""The command `serflow-opt speed`: from measured times of a function to its speed in an instance."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from serflow_opt.cli.common import OK, Debug, Json, finish
from serflow_opt.errors import InputError, Problem

if TYPE_CHECKING:
    from serflow_opt.report.speed import FittedPoints

Files = Annotated[
    list[Path],
    typer.Argument(
        help="CSV memory_mb,mean_ms[,sd_ms], or JSON result of AWS Lambda Power Tuning; a function each.",
        metavar="FILE",
    ),
]


def speed(
    files: Files,
    flops: Annotated[float | None, typer.Option(help="Operations of the work that was timed, FLOP.")] = None,
    network: Annotated[
        str | None, typer.Option(metavar="INSTANCE", help="Take the FLOPs of all stages of this instance.")
    ] = None,
    mb_per_vcpu: Annotated[
        float | None, typer.Option(help="Memory that comes with one vCPU, MB; left out: AWS Lambda's 1,769.")
    ] = None,
    fixed: Annotated[bool, typer.Option("--fixed", help="Fit a part that no memory shortens, too.")] = False,
    out: Annotated[Path | None, typer.Option(help="Write the measured curve, for speed_curve in a tier.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw points, fit and residuals (.png, .pdf, .svg).")] = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Fit how fast a function runs at each memory size to measured times."""

    def work() -> int:
        from serflow_opt.cli.output import check_plot, show
        from serflow_opt.report.speed import as_document, as_table, summary_table

        if len(files) > 1 and (out or plot):
            raise InputError([Problem("", "--out, --plot", f"{len(files)} files", "give one file")])
        check_plot(plot)
        operations = _operations(flops, network)
        if out and operations is None:
            raise InputError([Problem(str(out), "--out", "a curve is in FLOP/s", "give --flops or --network")])
        measured = _fit_all(files, operations, _mb_per_vcpu(mb_per_vcpu), fixed)
        if out and operations is not None:
            from serflow_opt.speed.points import write_curve

            write_curve(out, measured[0].points, operations)
        if plot:
            _draw(measured[0], plot)
        if as_json:
            documents = [as_document(one) for one in measured]
            print(json.dumps(documents[0] if len(documents) == 1 else documents, indent=2))
        else:
            show(as_table(measured[0], out.name if out else None) if len(measured) == 1 else summary_table(measured))
        return OK

    finish(work, debug)


def _operations(flops: float | None, network: str | None) -> float | None:
    """Return the FLOPs of the work, as given or summed over an instance's stages."""
    if flops is not None and network is not None:
        raise InputError([Problem("", "--flops, --network", "both given", "give one of them")])
    if network is not None:
        from serflow_opt.problem.loader import load

        flops = sum(stage.flops for stage in load(network).stages)
        if not flops > 0:
            raise InputError([Problem(network, "--network", "its stages have no FLOPs", "give --flops")])
    elif flops is not None:
        _check_positive("--flops", flops)
    return flops


def _mb_per_vcpu(given: float | None) -> float:
    if given is None:
        from serflow_opt.problem.catalog import load_catalog

        return load_catalog().function().mb_per_vcpu
    _check_positive("--mb-per-vcpu", given)
    return given


def _check_positive(option: str, value: float) -> None:
    if not 0 < value < math.inf:
        raise InputError([Problem("", option, f"{value:g}", "write a positive number")])


def _fit_all(files: list[Path], flops: float | None, mb_per_vcpu: float, fixed: bool) -> list[FittedPoints]:
    """Read and fit each file, and report what is wrong in any of them."""
    from serflow_opt.report.speed import FittedPoints
    from serflow_opt.speed.fit import fit_speed
    from serflow_opt.speed.points import read_points

    measured: list[FittedPoints] = []
    problems: list[Problem] = []
    for file in files:
        try:
            points = read_points(file)
            fit = fit_speed(points, mb_per_vcpu, fixed)
        except InputError as error:
            problems += error.problems
            continue
        except ValueError as error:
            cure = "leave out --fixed, or measure more sizes, some below one vCPU" if fixed else "measure more sizes"
            problems.append(Problem(str(file), "--fixed" if fixed else "", str(error), cure))
            continue
        try:
            other = fit_speed(points, mb_per_vcpu, not fixed)
        except ValueError:
            other = None
        measured.append(FittedPoints(str(file), points, fit, other, flops))
    if problems:
        raise InputError(problems)
    return measured


def _draw(measured: FittedPoints, path: Path) -> None:
    from matplotlib.figure import Figure

    from serflow_opt.files import write_atomically
    from serflow_opt.plotting import plot_speed

    figure = Figure(figsize=(7, 6), layout="constrained")
    axes = figure.subplots(2, sharex=True, height_ratios=(3, 1))
    plot_speed(measured.points, measured.fit, (axes[0], axes[1]), title=Path(measured.file).name)
    write_atomically(path, lambda draft: figure.savefig(draft, dpi=150))
