"""The commands for traffic over time: scale, simulate."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from serflow_opt.cli.common import (
    EXIT_CODES,
    OK,
    AccuracyMin,
    CarbonMax,
    Catalogs,
    Debug,
    File,
    Json,
    LatencyMeasure,
    LatencySlo,
    ScenarioName,
    Settings,
    finish,
    hand_over,
    read_plan,
    telling,
)
from serflow_opt.cli.market import over_trace
from serflow_opt.cli.output import draw_panels, show, write_frame
from serflow_opt.cli.replay import replayed
from serflow_opt.cli.traffic_options import (
    Blocks,
    Cv,
    DegradedAccuracy,
    EveryS,
    Factors,
    FromS,
    KeepWarm,
    Moments,
    Picture,
    PolicyName,
    ScheduleObjective,
    SearchGap,
    Seed,
    ServiceTimes,
    SimulationLimit,
    TimeLimit,
    Times,
    ToS,
    TraceFile,
    TraceScale,
    Warming,
    asked_over_time,
    counting_carbon,
    from_hour,
    read_factors,
    read_faults,
    read_machines,
    told_of_traffic,
)
from serflow_opt.errors import InputError, Problem

OutCsv = Annotated[Path | None, typer.Option("--out", help="Write a row a period and block into this CSV file.")]


STEP_S = 60.0
"""Between decisions of a schedule where nobody says."""
OF_STEPS = ("job", "blocked", "workflow")
"""Kinds whose plans are simulated step by step."""


def scale(
    file: File,
    trace: TraceFile,
    trace_scale: TraceScale = 1.0,
    from_s: FromS = 0.0,
    to_s: ToS = None,
    step_s: Annotated[
        float | None,
        typer.Option(help="Seconds between decisions; none: 60, or a period of the trace if longer.", min=1e-3),
    ] = None,
    blocks: Blocks = 2,
    gap: SearchGap = 1e-3,
    time_limit: TimeLimit = None,
    objective: Annotated[
        ScheduleObjective | None, typer.Option(help="What to minimise; left out: what the instance says.")
    ] = None,
    usd_per_tonne: Annotated[float, typer.Option(help="Price of a tonne of CO2e, added to money.", min=0.0)] = 0.0,
    carbon_max_g: CarbonMax = None,
    deferrable: Annotated[float, typer.Option(help="Share of the requests that may wait.", min=0.0, max=1.0)] = 0.0,
    defer_h: Annotated[float, typer.Option(help="Hours that these may wait.", min=0.0)] = 1.0,
    accuracy_min: AccuracyMin = None,
    latency_slo_ms: LatencySlo = None,
    latency_measure: LatencyMeasure = None,
    scenario: ScenarioName = None,
    catalog: Catalogs = None,
    as_json: Json = False,
    out: OutCsv = None,
    plot: Picture = None,
    debug: Debug = False,
) -> None:
    """The cheapest schedule over a trace with perfect foresight: what no controller can beat."""

    def work() -> int:
        from serflow_opt.families.registry import DEFAULT
        from serflow_opt.ground.arguments import Arguments
        from serflow_opt.ground.deadline import Deadline
        from serflow_opt.ground.stopping import stoppable
        from serflow_opt.traffic.control.clean import clean_scale, terms_of
        from serflow_opt.traffic.schedule.clean import CarbonTerms
        from serflow_opt.traffic.schedule.priced import MayWait

        limits = {
            "scenario": scenario,
            "minimize": None if objective is None else objective.value,
            "carbon_max_g": carbon_max_g,
            "accuracy_min": accuracy_min,
            "latency_slo_ms": latency_slo_ms,
            "latency_measure": latency_measure,
        }
        with Arguments() as given:
            asked = trace_scale, from_s, to_s
            instance, part = asked_over_time(given, "scale", file, catalog, trace, asked, (out, plot), limits)
        if instance.kind != DEFAULT:
            return over_trace("scale", instance, trace, step_s or STEP_S, time_limit, as_json, out, plot)
        told_of_traffic(instance)
        with stoppable(), telling(not as_json) as tell:
            deadline = Deadline(time_limit)
            tell("finding blocks and scheduling")
            waiting = MayWait(deferrable, defer_h * 3600) if deferrable else None
            terms = terms_of(instance, CarbonTerms(usd_per_tonne=usd_per_tonne, waiting=waiting))
            placed, step = from_hour(instance, from_s), step_s or max(STEP_S, part.period_s)
            found = clean_scale(placed, part, terms, blocks=blocks, step_s=step, gap=gap, deadline=deadline)
        if out is not None:
            write_frame(found.to_frame(), out)
        if plot is not None:
            from serflow_opt.plotting import plot_schedule

            draw_panels(plot, 2 * len(found.service.blocks) + 1, lambda axes: plot_schedule(found, axes))
        hand_over(found, as_json)
        return EXIT_CODES[found.status]

    finish(work, debug, as_json)


def simulate(
    file: File,
    trace: Annotated[
        Path | None,
        typer.Option(help="As of `scale`; what runs a plan (training, pipeline, batching, job, ..) takes none."),
    ] = None,
    plan: Annotated[
        Path | None, typer.Option(help="Plan of what takes no trace, of `solve --out`; left out: the best.")
    ] = None,
    trainings: Annotated[int, typer.Option(help="Trainings, or runs of what has steps, simulated.", min=1)] = 50,
    mini_batches: Annotated[int, typer.Option(help="Mini-batches sent through a pipeline.", min=2)] = 400,
    requests: Annotated[
        int, typer.Option(help="Requests sent through shared batches, or a pool's shortages.", min=1)
    ] = 100_000,
    policy: Annotated[
        PolicyName | None,
        typer.Option(help="Who scales; left out: controller, or batches where a tier takes them."),
    ] = None,
    trace_scale: TraceScale = 1.0,
    from_s: FromS = 0.0,
    to_s: ToS = None,
    blocks: Blocks = 2,
    every_s: EveryS = 60.0,
    seed: Seed = 0,
    times: ServiceTimes = Times.fixed,
    factors: Factors = None,
    cv: Cv = 0.5,
    degraded_accuracy_min: DegradedAccuracy = None,
    keep_warm: KeepWarm = Warming.named,
    moments: Annotated[Moments, typer.Option(help="When requests come within a period.")] = Moments.spread,
    timeout_s: Annotated[
        float | None, typer.Option(help="A request that waits longer for a block is dropped.", min=0.0)
    ] = None,
    machines_at_start: Annotated[
        list[str] | None,
        typer.Option(metavar="TYPE:COUNT", help="Machines that serve already at second 0; repeatable."),
    ] = None,
    no_start: Annotated[
        list[str] | None, typer.Option(metavar="TYPE:FROM:TO", help="Machines that cannot be started; repeatable.")
    ] = None,
    throttle: Annotated[
        list[str] | None, typer.Option(metavar="FROM:TO:LIMIT", help="Most requests at once on functions; repeatable.")
    ] = None,
    time_limit: SimulationLimit = None,
    accuracy_min: AccuracyMin = None,
    latency_slo_ms: LatencySlo = None,
    latency_measure: LatencyMeasure = None,
    scenario: ScenarioName = None,
    settings: Settings = None,
    catalog: Catalogs = None,
    as_json: Json = False,
    out: OutCsv = None,
    plot: Picture = None,
    debug: Debug = False,
) -> None:
    """Send every request of a trace through a service that a policy scales.

    Or replay one under policies that keep functions warm, run a training's rounds, a
    pipeline's mini-batches, the requests of applications that share batches, a job, a
    workflow, or a graph of tasks beside the rules that start and stop its workers.
    """

    def work() -> int:
        from serflow_opt.families.registry import DEFAULT
        from serflow_opt.ground.arguments import Arguments
        from serflow_opt.ground.deadline import Deadline
        from serflow_opt.ground.stopping import stoppable
        from serflow_opt.report.traffic import simulation_table
        from serflow_opt.traffic.control.named_policies import prepared
        from serflow_opt.traffic.control.overload import check_second_menu
        from serflow_opt.traffic.simulate.at_start import of_blocks
        from serflow_opt.traffic.simulate.faults import Faults
        from serflow_opt.traffic.simulate.simulate import check_number
        from serflow_opt.traffic.simulate.simulate import simulate as run

        limits = {
            "scenario": scenario,
            "settings": settings,
            "accuracy_min": accuracy_min,
            "latency_slo_ms": latency_slo_ms,
            "latency_measure": latency_measure,
        }
        faults, there = Faults(), dict[str, int]()
        with Arguments() as given:
            asked = trace_scale, from_s, to_s
            instance, part = asked_over_time(given, "simulate", file, catalog, trace, asked, (out, plot), limits)
            with given.also():
                if part is not None:
                    check_number(part)
            with given.also():
                if instance is not None and instance.kind == DEFAULT:
                    faults = read_faults(no_start, throttle, instance)
            with given.also():
                there = read_machines(machines_at_start)
        if instance.kind == "keep-alive":
            return replayed(instance, trace, trace_scale, from_s, to_s, seed, as_json, out, plot)
        if instance.kind != DEFAULT:
            options: dict[str, Any] = {"trainings": trainings, "runs": trainings, "mini_batches": mini_batches}
            options |= {"requests": requests, "seed": seed, "times": times.value, "cv": cv, "every_s": every_s}
            return _simulate_plan(instance, file, trace, plan, options, as_json, out, plot)
        instance = counting_carbon(from_hour(instance, from_s))
        told_of_traffic(instance, faults.interruptions)
        with stoppable(), telling(not as_json) as tell:
            deadline = Deadline(time_limit)
            tell("finding blocks")
            usual = PolicyName.batches if instance.takes_batches else PolicyName.controller
            name = (policy or usual).value
            check_second_menu([name], degraded_accuracy_min)
            scaled, service = prepared(
                instance, part, name, blocks, every_s, deadline, degraded_accuracy_min, keep_warm.value
            )
            found = run(
                service,
                part,
                scaled,
                seed=seed,
                times=times.value if factors is None else read_factors(factors),
                cv=cv,
                timeout_s=timeout_s,
                arrivals=moments.value,
                faults=faults,
                machines_at_start=of_blocks(service, there) if there else (),
                time_limit=deadline,
                on_progress=lambda share: tell(f"simulating, {share:.0%}"),
            )
        events = list(getattr(scaled, "events", []))
        if service.degraded is not None and not found.degraded_s:
            events.append(f"never overloaded: the second menu, accuracy {service.degraded.accuracy:.4g}, was not used")
        if out is not None:
            write_frame(found.to_frame(), out)
        if plot is not None:
            from serflow_opt.plotting import simulation_panels

            draw_panels(plot, 2 * len(service.blocks) + 3, lambda axes: simulation_panels(found, axes))
        if as_json:
            print(json.dumps(found.to_dict() | {"events": [str(event) for event in events]}, indent=2))
        else:
            show(simulation_table(found, events))
        return OK

    finish(work, debug, as_json)


def _simulate_plan(
    problem: Any,
    file: str,
    trace: Path | None,
    plan: Path | None,
    options: dict[str, Any],
    as_json: bool,
    out: Path | None,
    plot: Path | None,
) -> int:
    """Simulate a plan in the way of its family, with those of the options that it takes."""
    from inspect import signature

    from serflow_opt.families.verbs import answering

    drawn, run = problem.kind in OF_STEPS, answering("simulate", problem)
    taken = signature(run).parameters
    options = {name: value for name, value in options.items() if name in taken}
    if "trace" in taken and trace is not None:
        options["trace"], trace = trace, None
    unused = (("--trace", trace), ("--out", out), ("--plot", None if drawn else plot))
    cure = "leave it out; --json prints the document"
    problems = [Problem("", flag, f"{own}, of a {problem.kind}", cure) for flag, own in unused if own is not None]
    if problems:
        raise InputError(problems)
    with telling(not as_json) as tell:
        document = None if plan is None else read_plan(plan, file)
        found = run(problem, document, **options, on_progress=tell)
    if plot is not None:
        from serflow_opt.families.events.plot import plot_simulated

        draw_panels(plot, 1, lambda axes: plot_simulated(found, axes[0]))
    hand_over(found, as_json)
    return OK
