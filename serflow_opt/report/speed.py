"""A fit as a person wants to read it, as lines for an instance, and as a JSON document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from serflow_opt.ground.sheet import Sheet
from serflow_opt.speed.fit import FittedFigure, SpeedFit
from serflow_opt.speed.points import Point

POOR = 0.10
"""Residuals (root mean square) from which the law is said not to describe the points: beyond what repeats differ by."""


@dataclass(frozen=True, slots=True)
class FittedPoints:
    """One file of points and what was fitted to it.

    Attributes
    ----------
    file
        Where the points come from.
    points
        By rising memory.
    fit, other
        The fit that was asked for, and the one with (or without) a fixed part; None where the points do not give it.
    flops
        Operations of the work that was timed, FLOP; None when nobody said.
    """

    file: str
    points: tuple[Point, ...]
    fit: SpeedFit
    other: SpeedFit | None
    flops: float | None


def as_document(measured: FittedPoints) -> dict[str, Any]:
    """Return the JSON document: figures with 95 % intervals, points with residuals."""
    fit, flops = measured.fit, measured.flops
    points = [
        {
            "memory_mb": point.memory_mb,
            "vcpus": point.memory_mb / fit.mb_per_vcpu,
            "measured_ms": 1000 * point.seconds,
            "sd_ms": None if point.sd_s is None else 1000 * point.sd_s,
            "fitted_ms": 1000 * fit.seconds(point.memory_mb),
            "residual": residual,
            "flops_per_s": None if flops is None else flops / point.seconds,
        }
        for point, residual in zip(measured.points, fit.residuals, strict=True)
    ]
    return {
        "file": measured.file,
        "flops": flops,
        "mb_per_vcpu": fit.mb_per_vcpu,
        "fit": _figures(fit, flops),
        "other_fit": None if measured.other is None else _figures(measured.other, flops),
        "points": points,
    }


def _figures(fit: SpeedFit, flops: float | None) -> dict[str, Any]:
    speed = None if flops is None else _speed(fit, flops)
    figures = {
        "vcpu_ms": _scaled(fit.vcpu_seconds, 1000),
        "flops_per_s_per_vcpu": speed,
        "parallel_fraction": fit.parallel_fraction,
        "fixed_ms": None if fit.fixed_s is None else _scaled(fit.fixed_s, 1000),
    }
    document: dict[str, Any] = {}
    for name, figure in figures.items():
        document[name] = None if figure is None else figure.value
        document[f"{name}_95"] = None if figure is None or figure.interval is None else list(figure.interval)
    return document | {"rms": fit.rms, "largest": max(fit.residuals, key=abs), "scatter": fit.scatter}


def _scaled(figure: FittedFigure, factor: float) -> FittedFigure:
    interval = figure.interval
    return FittedFigure(figure.value * factor, interval and (interval[0] * factor, interval[1] * factor))


def _speed(fit: SpeedFit, flops: float) -> FittedFigure:
    work = fit.vcpu_seconds
    return FittedFigure(flops / work.value, work.interval and (flops / work.interval[1], flops / work.interval[0]))


def as_table(measured: FittedPoints, curve: str | None = None) -> RenderableType:
    """Lay one fit out: points with residuals, figures, what they leave open, and lines for an instance.

    Parameters
    ----------
    curve
        Name of the file that the measured curve was written to.
    """
    fit = measured.fit
    head = Text.assemble((measured.file, "bold"), f"  {len(measured.points)} sizes, {fit.mb_per_vcpu:g} MB a vCPU")
    parts: list[RenderableType] = [head, _points(measured), _figure_rows(measured)]
    parts += [Text(f"note: {note}", style="yellow") for note in _notes(measured)]
    parts += [Text(line) for line in ("", 'in a [[tier]] of kind "function":', *toml_lines(measured, curve))]
    return Group(*parts)


def _points(measured: FittedPoints) -> Sheet:
    rows = []
    for point, residual in zip(measured.points, measured.fit.residuals, strict=True):
        row = (
            str(point.memory_mb),
            f"{point.memory_mb / measured.fit.mb_per_vcpu:.3f}",
            f"{1000 * point.seconds:.5g}",
            "" if point.sd_s is None else f"{1000 * point.sd_s:.3g}",
            f"{1000 * measured.fit.seconds(point.memory_mb):.5g}",
            f"{residual:+.1%}",
        )
        rows.append(row)
    return Sheet(("memory MB", "vCPUs", "measured ms", "sd ms", "fitted ms", "residual"), rows)


def _figure_rows(measured: FittedPoints) -> Table:
    fit = measured.fit
    table = Table(show_edge=False, show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_column(style="bold")
    table.add_column()
    table.add_row("on one vCPU", _with_interval(_scaled(fit.vcpu_seconds, 1000), " ms"))
    if measured.flops is not None:
        table.add_row("speed of one vCPU", _with_interval(_speed(fit, measured.flops), " FLOP/s"))
    fraction = "not known" if fit.parallel_fraction is None else _with_interval(fit.parallel_fraction)
    table.add_row("parallel fraction", fraction)
    if fit.fixed_s is not None:
        table.add_row("fixed part", _with_interval(_scaled(fit.fixed_s, 1000), " ms"))
    worst = max(range(len(measured.points)), key=lambda i: abs(fit.residuals[i]))
    largest = f"{fit.residuals[worst]:+.1%} at {measured.points[worst].memory_mb} MB"
    table.add_row("residuals", f"rms {fit.rms:.1%}, largest {largest}; {_scatter(fit)}")
    other = measured.other
    if other is not None and other.fixed_s is not None:
        figure = _with_interval(_scaled(other.fixed_s, 1000), " ms")
        table.add_row("with --fixed", f"fixed part {figure}; rms {other.rms:.1%}; {_scatter(other)}")
    elif other is not None:
        table.add_row("without --fixed", f"rms {other.rms:.1%}; {_scatter(other)}")
    return table


def _scatter(fit: SpeedFit) -> str:
    return "no degree of freedom left" if fit.scatter is None else f"{fit.scatter:.1%} per degree of freedom"


def _with_interval(figure: FittedFigure, unit: str = "") -> str:
    interval = figure.interval
    return f"{figure.value:.4g}{unit}" + (f" (95 %: {interval[0]:.4g} to {interval[1]:.4g})" if interval else "")


def _notes(measured: FittedPoints) -> list[str]:
    fit, other, notes = measured.fit, measured.other, []
    size = f"{fit.mb_per_vcpu:g} MB"
    if fit.parallel_fraction is None:
        notes.append(f"no point above {size}: the parallel fraction is not known; an instance without one takes 1")
    elif fit.parallel_fraction.interval == (0.0, 1.0):
        notes.append(f"the parallel fraction is not determined by these points; measure at several times {size}")
    if fit.scatter is not None and other is not None and other.scatter is not None and other.scatter < fit.scatter:
        notes.append("the fit " + ("without" if fit.fixed_s else "with") + " a fixed part scatters less")
    if fit.rms > POOR:
        notes.append(f"the law is off by {fit.rms:.0%}: prefer the measured curve (--out) within its range")
    if fit.fixed_s is not None:
        notes.append("a tier has no key for the fixed part; within the measured sizes the curve (--out) has it in it")
    return notes


def toml_lines(measured: FittedPoints, curve: str | None = None) -> list[str]:
    """Return the lines that put the fit, or the measured curve, into a tier of an instance."""
    if curve is not None:
        return [f'speed_curve = "{curve}"', "# or, by the law:", *(f"# {line}" for line in toml_lines(measured))]
    fit = measured.fit
    if measured.flops is None:
        lines = [f"# flops_per_s_per_vcpu = FLOPs / {fit.vcpu_seconds.value:.4g}: give --flops or --network"]
    else:
        lines = [f"flops_per_s_per_vcpu = {_speed(fit, measured.flops).value:.4g}"]
    if fit.parallel_fraction is not None:
        lines.append(f"parallel_fraction = {round(fit.parallel_fraction.value, 3)}")
    return lines


def summary_table(all_measured: Sequence[FittedPoints]) -> Sheet:
    """Lay out one row a file, for several files in one command."""
    titles = ("file", "sizes", "on one vCPU ms", "FLOP/s a vCPU", "parallel (95 %)", "fixed ms", "rms", "largest")
    rows = []
    for measured in all_measured:
        fit, flops = measured.fit, measured.flops
        row = (
            measured.file,
            str(len(measured.points)),
            f"{1000 * fit.vcpu_seconds.value:.4g}",
            "" if flops is None else f"{_speed(fit, flops).value:.4g}",
            "" if fit.parallel_fraction is None else _with_interval(fit.parallel_fraction).replace("95 %: ", ""),
            "" if fit.fixed_s is None else f"{1000 * fit.fixed_s.value:.4g}",
            f"{fit.rms:.1%}",
            f"{max(fit.residuals, key=abs):+.1%}",
        )
        rows.append(row)
    return Sheet(titles, rows, left=("file",), folds=("file",))
