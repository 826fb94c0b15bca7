"""The command `serflow-opt`: results on stdout, progress and problems on stderr, exit codes that scripts can use.

0 solved to the asked gap; 1 internal error; 2 bad input or usage; 3 proven infeasible; 4 stopped at a limit.
"""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from serflow_opt.cli.bound import bound
from serflow_opt.cli.catalog import catalog as prices
from serflow_opt.cli.common import (
    EXIT_CODES,
    INFEASIBLE,
    OK,
    AccountingFlag,
    AccuracyMin,
    CarbonMax,
    Catalogs,
    CostMax,
    Debug,
    EnergyMax,
    Exclude,
    Files,
    Include,
    Json,
    LatencyMeasure,
    LatencySlo,
    ModeFlag,
    Objective,
    Out,
    Plot,
    PrivacyMax,
    Rate,
    ScenarioName,
    Settings,
    check_out,
    finish,
    load_given,
    load_limited,
    read_plan,
    read_settings,
)
from serflow_opt.cli.compare import compare
from serflow_opt.cli.diff import diff
from serflow_opt.cli.explain import explain
from serflow_opt.cli.export import export
from serflow_opt.cli.fleet import fleet
from serflow_opt.cli.instances import new, schema, validate
from serflow_opt.cli.pareto import pareto
from serflow_opt.cli.profiling import profile, run
from serflow_opt.cli.provision import provision
from serflow_opt.cli.report import report
from serflow_opt.cli.reproduce import reproduce
from serflow_opt.cli.rounds import rounds
from serflow_opt.cli.serve import serve
from serflow_opt.cli.speed import speed
from serflow_opt.cli.sweep import sweep
from serflow_opt.cli.traffic import scale, simulate
from serflow_opt.cli.usage import CommandLine
from serflow_opt.cli.versions import versions
from serflow_opt.errors import InputError, Problem
from serflow_opt.ground.stopping import ending_at_second, stoppable

app = CommandLine(
    name="serflow-opt",
    help="Decide where each stage of an early-exit network runs, on what, and when a request may leave early.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


class Method(StrEnum):
    """How to search."""

    auto = "auto"
    labels = "labels"
    mixes = "mixes"
    milp = "milp"


@app.command()
def solve(
    files: Files,
    objective: Annotated[Objective | None, typer.Option(help="What to minimise.")] = None,
    accuracy_min: AccuracyMin = None,
    latency_slo_ms: LatencySlo = None,
    latency_measure: LatencyMeasure = None,
    cost_max_usd: CostMax = None,
    energy_max_j: EnergyMax = None,
    carbon_max_g: CarbonMax = None,
    privacy_max: PrivacyMax = None,
    weight: Annotated[
        list[str] | None,
        typer.Option(
            metavar="OBJECTIVE=WEIGHT", help="Weight of an objective, from its ideal to its nadir; repeatable."
        ),
    ] = None,
    then: Annotated[
        list[str] | None, typer.Option(metavar="OBJECTIVE", help="Of equally good plans the best in this; repeatable.")
    ] = None,
    rate_per_s: Rate = None,
    accounting: AccountingFlag = None,
    mode: ModeFlag = None,
    settings: Settings = None,
    jobs: Annotated[int, typer.Option(help="Processes, for several instances.", min=1)] = 1,
    include: Include = None,
    exclude: Exclude = None,
    scenario: ScenarioName = None,
    catalog: Catalogs = None,
    gap: Annotated[
        float | None, typer.Option(help="Relative gap that counts as optimal; 1e-6, with ranges 1e-4.", min=0.0)
    ] = None,
    time_limit: Annotated[float | None, typer.Option(help="Seconds for each instance.", min=0.0)] = None,
    threads: Annotated[int, typer.Option(help="HiGHS threads, at most one a processor; 0: HiGHS decides.", min=0)] = 0,
    seed: Annotated[int, typer.Option(help="HiGHS random seed.", min=0)] = 0,
    method: Annotated[
        Method, typer.Option(help="labels, mixes: no HiGHS; milp: the whole model; auto: what covers the instance.")
    ] = Method.auto,
    highs_option: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="Further HiGHS option; repeatable.")
    ] = None,
    as_json: Json = False,
    out: Out = None,
    csv: Annotated[Path | None, typer.Option(help="Write a table, one row an instance, to this CSV file.")] = None,
    plot: Plot = None,
    write_lp: Annotated[Path | None, typer.Option(help="Write the whole model in LP format.")] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show the search on stderr.")] = False,
    debug: Debug = False,
) -> None:
    """Find the best plan and prove it."""

    def work() -> int:
        from serflow_opt.cli.many import counting, expand, write_csv
        from serflow_opt.cli.output import check_plot, deliver, progress_rows, write_lp_file
        from serflow_opt.families.verbs import answering, door

        names = expand(files)
        if len(names) > 1 and (plot or write_lp):
            raise InputError([Problem("", "--plot, --write-lp", f"{len(names)} instances", "give one instance")])
        check_plot(plot)
        check_out(out)
        check_out(csv, ".csv", flag="--csv")
        options = _highs_options(highs_option or [])
        instances, problems = load_given(
            names,
            include,
            exclude,
            catalog,
            {
                "minimize": objective and objective.value,
                "accounting": accounting and accounting.value,
                "mode": mode,
                "accuracy_min": accuracy_min,
                "latency_slo_ms": latency_slo_ms,
                "latency_measure": latency_measure,
                "cost_max_usd": cost_max_usd,
                "energy_max_j": energy_max_j,
                "carbon_max_g": carbon_max_g,
                "privacy_max": privacy_max,
                "rate_per_s": rate_per_s,
                **_combined(objective, weight, then),
                **read_settings(settings),
                "scenario": scenario,
            },
            jobs,
        )
        if problems:
            raise InputError(problems)
        for flag, file in (("plot", plot), ("write_lp", write_lp)):
            if file is not None:
                answering(flag, instances[0][1])
        chosen: dict[str, Any] = {
            "gap": gap,
            "time_limit": time_limit,
            "seed": seed,
            "method": method.value,
            "options": options,
        }
        told = verbose or (sys.stderr.isatty() and not as_json)
        if len(names) > 1 and not (verbose and jobs == 1):
            if threads or jobs == 1:
                chosen["threads"] = threads
            with counting(told, len(names), "solving") as tick:
                plans = door("solve_all", "solve_all")(
                    [own for _, own in instances], jobs=jobs, on_plan=lambda n, plan: tick(), **chosen
                )
        else:
            plans = []
            with stoppable() as stop:  # Ctrl-C ends all of them
                for _, instance in instances:
                    report = progress_rows(instance, len(names) > 1) if told else None
                    solve_it = door("solve", "solve")
                    plans.append(solve_it(instance, threads=threads, on_progress=report, **chosen))
                if len(plans) == 1 and not stop.pressed:
                    _count_waits(instances[0][1], plans[0])
        if csv:
            write_csv(plans, csv)
        if write_lp:
            write_lp_file(instances[0][1], write_lp)
        deliver(plans, as_json, out, plot)
        return max(EXIT_CODES[plan.status] for plan in plans)

    finish(work, debug)


@app.command()
def evaluate(
    file: Annotated[str, typer.Argument(help="Instance file, folder, or shipped instance.")],
    plan: Annotated[Path, typer.Argument(help="Plan as `solve --json` or `--out` writes it.")],
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
    stress: Annotated[
        float | None, typer.Option(metavar="FACTOR", help="With rate and stage times so many times what was believed.")
    ] = None,
    scenario: ScenarioName = None,
    catalog: Catalogs = None,
    as_json: Json = False,
    out: Out = None,
    plot: Plot = None,
    debug: Debug = False,
) -> None:
    """The exact value of any plan, by code that shares nothing with the optimiser. Exit code 3: it breaks a limit."""

    def work() -> int:
        from serflow_opt.cli.output import check_plot, deliver
        from serflow_opt.families.verbs import answering

        check_plot(plot)
        instance = load_limited(
            file,
            catalog,
            "value",
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
        )
        if plot is not None:
            answering("plot", instance)
        document = read_plan(plan, file)
        if stress is None:
            valued = answering("value", instance)(instance, document)
        else:
            valued = _under_stress(instance, document, stress)
        deliver([valued], as_json, out, plot)
        return INFEASIBLE if valued.status == "infeasible" else OK

    finish(work, debug)


def _under_stress(instance: Any, document: dict[str, Any], factor: float) -> Any:
    """Value a plan with rate and times multiplied, and tell what its machines would have to be."""
    from serflow_opt.families.verbs import answering
    from serflow_opt.problem.stress import stressed

    if instance.kind != "placement":
        cure = "change rates and times in the file, or with sweep --set"
        raise InputError([Problem(instance.name, "--stress", f"no verb of a {instance.kind}", cure)])
    valued = answering("value", instance)(stressed(instance, factor), document)
    metrics = document.get("metrics")
    believed = metrics.get("machines") if isinstance(metrics, dict) else None
    had = {(own.get("tier"), own.get("option")): own.get("count") for own in believed or () if isinstance(own, dict)}
    for own in valued.metrics.machines if valued.metrics is not None else ():
        before = had.get((own.tier, own.option))
        if before is not None and before != own.count:
            valued.notes.append(f"{own.option} ({own.tier}): {before} as planned, {own.count} to carry this")
    valued.notes.append(f"rate and stage times {factor:g} times what the instance says")
    return valued


def _combined(objective: Objective | None, weight: list[str] | None, then: list[str] | None) -> dict[str, Any]:
    """Read --weight and --then; weights make the objective weighted, another objective drops the file's weights."""
    from typing import get_args

    from serflow_opt.problem.kinds import Objective as Name

    problems = [
        Problem("", "--weight", repr(text), f"name one of {', '.join(get_args(Name))}")
        for text in weight or ()
        if text.partition("=")[0] not in get_args(Name)
    ]
    weights: dict[str, float] = {}
    for text in weight or ():
        name, _, value = text.partition("=")
        try:
            weights[name] = float(value)
        except ValueError:
            weights[name] = -1.0
        if not 0 < weights[name] < float("inf"):
            problems.append(Problem("", "--weight", repr(text), "write OBJECTIVE=WEIGHT, with a weight above 0"))
    if problems:
        raise InputError(problems)
    return {"then": then, "weights": weights or None} | ({"minimize": "weighted"} if weights else {})


def _count_waits(problem: Any, plan: Any) -> None:
    """Note beside a plan that rents whole machines how many its latency limit asks for with waits counted."""
    if problem.kind == "placement" and plan.metrics is not None and plan.metrics.machines:
        from serflow_opt.traffic.provision.counted import counted_with_waits

        if said := counted_with_waits(problem, plan):
            plan.notes.append(said)


def _highs_options(given: list[str]) -> dict[str, object]:
    """Read NAME=VALUE pairs and check them against HiGHS."""
    options: dict[str, object] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            raise InputError([Problem("", "--highs-option", repr(text), "write NAME=VALUE")])
        try:
            options[name] = json.loads(value)
        except json.JSONDecodeError:
            options[name] = value
    if options:
        from serflow_opt.backend.running import check_options

        check_options(options)
    return options


COMMANDS = (
    (validate, new, prices, schema, explain, fleet, pareto, sweep, diff, report, profile, run, rounds, speed),
    (provision, scale, bound, simulate, compare, serve, export, reproduce, versions),
)
for own in (own for row in COMMANDS for own in row):
    app.command()(own)


def _version(wanted: bool) -> None:
    if wanted:
        from serflow_opt import __version__

        print(f"serflow-opt {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Entry point of the console script."""
    from serflow_opt.cli.output import spell_out

    spell_out(sys.stdout)
    with ending_at_second():
        app()


if __name__ == "__main__":
    main()
