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
    finish,
    hand_over,
    telling,
)
from serflow_opt.cli.market import over_trace
from serflow_opt.cli.output import draw_panels, write_frame
from serflow_opt.cli.traffic_options import (
    Blocks,
    Cv,
    DegradedAccuracy,
    EveryS,
    FromS,
    KeepWarm,
    Picture,
    PolicyName,
    Seed,
    ServiceTimes,
    SimulationLimit,
    Times,
    ToS,
    TraceFile,
    TraceScale,
    Warming,
    asked_over_time,
    counting_carbon,
    from_hour,
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
    keep_warm: KeepWarm = Warming.named,
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
        from serflow_opt.ground.arguments import Arguments
        from serflow_opt.traffic.control.compare import compare as run

        limits = {
            "scenario": scenario,
            "accuracy_min": accuracy_min,
            "latency_slo_ms": latency_slo_ms,
            "latency_measure": latency_measure,
        }
        with Arguments() as given:
            part = trace_scale, from_s, to_s
            instance, read = asked_over_time(given, "compare", file, catalog, trace, part, (out, plot), limits)
        if instance.kind != DEFAULT:
            return over_trace("compare", instance, trace, every_s, time_limit, as_json, out, plot)
        instance = counting_carbon(from_hour(instance, from_s))
        told_of_traffic(instance)
        with telling(not as_json) as tell:
            found = run(
                instance,
                read,
                policies=[name.value for name in policy] if policy else None,
                blocks=blocks,
                every_s=every_s,
                seed=seed,
                times=times.value,
                cv=cv,
                jobs=jobs,
                degraded_accuracy=degraded_accuracy_min,
                keep_warm=keep_warm.value,
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

    finish(work, debug, as_json)
