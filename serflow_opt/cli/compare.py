"""The command `compare`: policies side by side, with the bound that none can beat."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from serflow_opt.cli.common import (
    LIMIT,
    OK,
    AccuracyMin,
    Catalogs,
    Debug,
    File,
    Jobs,
    Json,
    LatencyMeasure,
    LatencySlo,
    ScenarioName,
    check_out,
    finish,
    hand_over,
    load_limited,
    telling,
)
from serflow_opt.cli.market import over_trace
from serflow_opt.cli.output import check_plot, draw_panels, write_frame
from serflow_opt.cli.traffic_options import (
    Blocks,
    Cv,
    DegradedAccuracy,
    EveryS,
    FromS,
    Picture,
    PolicyName,
    Seed,
    ServiceTimes,
    SimulationLimit,
    Times,
    ToS,
    TraceFile,
    TraceScale,
    counting_carbon,
    from_hour,
    read_part,
    told_of_traffic,
)


def compare(
    file: File,
    trace: TraceFile,
    policy: Annotated[
        list[PolicyName] | None, typer.Option(help="Who scales; repeatable; left out: all there are.")
    ] = None,
    trace_scale: TraceScale = 1.0,
    from_s: FromS = 0.0,
    to_s: ToS = None,
    blocks: Blocks = 2,
    every_s: EveryS = 60.0,
    seed: Seed = 0,
    times: ServiceTimes = Times.fixed,
    cv: Cv = 0.5,
    degraded_accuracy_min: DegradedAccuracy = None,
    jobs: Jobs = 1,
    time_limit: SimulationLimit = None,
    accuracy_min: AccuracyMin = None,
    latency_slo_ms: LatencySlo = None,
    latency_measure: LatencyMeasure = None,
    scenario: ScenarioName = None,
    catalog: Catalogs = None,
    as_json: Json = False,
    out: Annotated[Path | None, typer.Option("--out", help="Write the table into this CSV file.")] = None,
    plot: Picture = None,
    debug: Debug = False,
) -> None:
    """Policies on the same requests, side by side, with the bound that none can beat."""

    def work() -> int:
        from serflow_opt.families.registry import DEFAULT
        from serflow_opt.traffic.control.compare import compare as run

        check_plot(plot)
        check_out(out, ".csv")
        instance = load_limited(
            file,
            catalog,
            "compare",
            scenario=scenario,
            accuracy_min=accuracy_min,
            latency_slo_ms=latency_slo_ms,
            latency_measure=latency_measure,
        )
        if instance.kind != DEFAULT:
            return over_trace("compare", instance, trace, every_s, time_limit, as_json, out, plot)
        instance = counting_carbon(from_hour(instance, from_s))
        part = read_part(trace, trace_scale, from_s, to_s)
        told_of_traffic(instance)
        with telling(not as_json) as tell:
            found = run(
                instance,
                part,
                policies=[name.value for name in policy] if policy else None,
                blocks=blocks,
                every_s=every_s,
                seed=seed,
                times=times.value,
                cv=cv,
                jobs=jobs,
                degraded_accuracy=degraded_accuracy_min,
                time_limit=time_limit,
                on_progress=tell,
            )
        if out is not None:
            write_frame(found.to_frame(), out)
        if plot is not None:
            from serflow_opt.plotting import plot_policies

            draw_panels(plot, 1, lambda axes: plot_policies(found, axes[0]))
        hand_over(found, as_json)
        return LIMIT if found.stopped else OK

    finish(work, debug)
