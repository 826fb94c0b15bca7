"""The command `fleet`: several services under one budget, or on one pool of machines."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from serflow_opt.cli.common import (
    EXIT_CODES,
    AccountingFlag,
    AccuracyMin,
    Catalogs,
    Debug,
    Exclude,
    Include,
    Jobs,
    Json,
    LatencyMeasure,
    LatencySlo,
    Out,
    Settings,
    check_out,
    finish,
    given_limits,
    hand_over,
    read_settings,
    telling,
)
from serflow_opt.errors import InputError, Problem
from serflow_opt.ground.tolerances import FLEET_GAP


class Minimize(StrEnum):
    """What the fleet can minimise."""

    cost = "cost"
    latency = "latency"
    energy = "energy"
    privacy = "privacy"


def fleet(
    files: Annotated[
        list[str],
        typer.Argument(help="Instance files, folders, folders of instances, patterns, names.", metavar="FILE"),
    ],
    budget_usd_per_hour: Annotated[float | None, typer.Option(help="Most that all services cost, USD an hour.")] = None,
    machines: Annotated[
        list[str] | None,
        typer.Option(metavar="TYPE=NUMBER", help="Most machines of a type that all rent together; repeatable."),
    ] = None,
    minimize: Annotated[
        Minimize | None, typer.Option(help="Default: latency under a budget, cost with machines alone.")
    ] = None,
    weight: Annotated[
        list[str] | None, typer.Option(metavar="INSTANCE=WEIGHT", help="How much a service counts; repeatable.")
    ] = None,
    accuracy_min: AccuracyMin = None,
    latency_slo_ms: LatencySlo = None,
    latency_measure: LatencyMeasure = None,
    accounting: AccountingFlag = None,
    settings: Settings = None,
    include: Include = None,
    exclude: Exclude = None,
    gap: Annotated[float, typer.Option(help="Relative gap that counts as optimal.", min=0.0)] = FLEET_GAP,
    time_limit: Annotated[float | None, typer.Option(help="Seconds for everything.", min=0.0)] = None,
    jobs: Jobs = 1,
    catalog: Catalogs = None,
    as_json: Json = False,
    out: Out = None,
    csv: Annotated[Path | None, typer.Option(help="Write a table, one row a service, to this CSV file.")] = None,
    debug: Debug = False,
) -> None:
    """Plan services that share a budget or machines; each keeps its own limits."""

    def work() -> int:
        from serflow_opt.cli.many import expand, load_all
        from serflow_opt.families.verbs import answering_all
        from serflow_opt.files import write_rows
        from serflow_opt.fleets.solve import FleetProgress

        check_out(out)
        check_out(csv, ".csv", flag="--csv")
        most = {name: int(value) for name, value in _pairs("--machines", machines, "TYPE=NUMBER", whole=True).items()}
        weights = _pairs("--weight", weight, "INSTANCE=WEIGHT", whole=False)
        limits = {"accuracy_min": accuracy_min, "latency_slo_ms": latency_slo_ms, "latency_measure": latency_measure}
        changes = given_limits({**limits, "accounting": accounting, **read_settings(settings)})
        loaded, problems = load_all(expand(files), catalog or (), changes, include or (), exclude or (), jobs)
        if problems:
            raise InputError(problems)
        with telling(not as_json) as tell:

            def told(progress: FleetProgress) -> None:
                tell(
                    f"{progress.doing}: {progress.plans:,} plans, bound {progress.bound:.5g}, best {progress.value:.5g}"
                )

            instances = [instance for _, instance in loaded]
            found = answering_all("fleet", instances)(
                instances,
                budget_usd_per_hour=budget_usd_per_hour,
                machines_max=most,
                minimize=None if minimize is None else minimize.value,
                weights=weights,
                gap=gap,
                time_limit=time_limit,
                jobs=jobs,
                on_progress=told,
            )
        if csv is not None:
            rows = found.rows()
            write_rows(csv, list(rows[0]) if rows else ["instance"], rows)
        hand_over(found, as_json, out)
        return EXIT_CODES[found.status]

    finish(work, debug)


def _pairs(flag: str, given: list[str] | None, form: str, whole: bool) -> dict[str, float]:
    """Read NAME=NUMBER, repeated."""
    pairs: dict[str, float] = {}
    problems = []
    for text in given or ():
        name, _, value = text.rpartition("=")
        try:
            pairs[name] = float(int(value)) if whole else float(value)
        except ValueError:
            name = ""
        if not name:
            problems.append(Problem("", flag, repr(text), f"write {form}, e.g. {form.split('=')[0].lower()}=10"))
    if problems:
        raise InputError(problems)
    return pairs
