"""The command `sweep`: an instance solved for every combination of values of some keys."""

from __future__ import annotations

import sys
from math import prod
from pathlib import Path
from typing import Annotated

import typer

from serflow_opt.cli.common import EXIT_CODES, Catalogs, Debug, File, Json, Out, check_out, finish, hand_over


def sweep(
    file: File,
    values: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=A,B,C",
            help="Values of a limit (accuracy_min=0.8,0.9) or of any key of the file (tier.cloud.cold_start_ms=0,200); "
            "LOW..HIGH:N: N numbers; repeatable: every combination.",
        ),
    ] = None,
    scenarios: Annotated[bool, typer.Option("--scenarios", help="Each [scenario.NAME] of the file, and none.")] = False,
    catalog: Catalogs = None,
    gap: Annotated[float | None, typer.Option(help="Relative gap that counts as optimal.", min=0.0)] = None,
    time_limit: Annotated[float | None, typer.Option(help="Seconds for each combination.", min=0.0)] = None,
    jobs: Annotated[int, typer.Option(help="Processes.", min=1)] = 1,
    as_json: Json = False,
    out: Out = None,
    csv: Annotated[Path | None, typer.Option(help="Write a row a combination to this CSV file.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw the optimum over the first key (.png, .pdf, .svg).")] = None,
    debug: Debug = False,
) -> None:
    """Solve an instance for every combination of values of some keys: a table, CSV and plot."""

    def work() -> int:
        from serflow_opt.cli.many import counting
        from serflow_opt.cli.output import check_plot
        from serflow_opt.errors import InputError, Problem
        from serflow_opt.families.sweep import read_values
        from serflow_opt.families.sweep import sweep as solve_each
        from serflow_opt.files import write_rows

        check_plot(plot)
        check_out(out)
        check_out(csv, ".csv", flag="--csv")
        read = [read_values(text) for text in values or ()]
        chosen = dict(read)
        if len(chosen) < len(read):
            raise InputError([Problem("", "--set", "a key twice", "give all its values at once: KEY=A,B,C")])
        number = prod(map(len, chosen.values()))
        told = sys.stderr.isatty() and not as_json
        with counting(told and number > 1, number, "solving") as tick:
            found = solve_each(
                file,
                chosen,
                catalogs=catalog or (),
                jobs=jobs,
                scenarios=scenarios,
                on_plan=lambda n, plan: tick(),
                gap=gap,
                time_limit=time_limit,
            )
        if csv:
            write_rows(csv, list(dict.fromkeys(column for row in found.rows for column in row)), found.rows)
        if plot:
            from matplotlib.figure import Figure

            from serflow_opt.files import write_atomically
            from serflow_opt.plotting.sweep import plot_sweep

            figure = Figure(figsize=(10, 4), layout="constrained")
            plot_sweep(found, figure.subplots())
            write_atomically(plot, lambda path: figure.savefig(path, dpi=150))
        hand_over(found, as_json, out)
        codes = {EXIT_CODES[answer.status] for answer in found.answers}
        return min(codes) if codes <= {EXIT_CODES["optimal"], EXIT_CODES["infeasible"]} else max(codes)

    finish(work, debug)
