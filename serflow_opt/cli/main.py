"""The command `serflow-opt`: results on stdout, progress and problems on stderr, exit codes that scripts can use.

0 solved to the asked gap; 1 internal error; 2 bad input or usage; 3 proven infeasible; 4 stopped at a limit.
"""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from serflow_opt.cli.common import (
    BAD_INPUT,
    EXIT_CODES,
    INFEASIBLE,
    OK,
    AccountingFlag,
    AccuracyMin,
    Catalogs,
    CostMax,
    Debug,
    EnergyMax,
    Exclude,
    Include,
    Json,
    LatencyMeasure,
    LatencySlo,
    Objective,
    Out,
    Plot,
    PrivacyMax,
    Rate,
    check_out,
    finish,
    load_limited,
    read_plan,
)
from serflow_opt.cli.explain import explain
from serflow_opt.cli.export import export
from serflow_opt.cli.fleet import fleet
from serflow_opt.cli.pareto import pareto
from serflow_opt.cli.profiling import profile, run
from serflow_opt.cli.speed import speed
from serflow_opt.cli.traffic import compare, provision, scale, simulate
from serflow_opt.cli.versions import versions
from serflow_opt.errors import InputError, Problem
from serflow_opt.ground.stopping import ending_at_second, stoppable

if TYPE_CHECKING:
    from serflow_opt.problem.instance import Instance

app = typer.Typer(
    name="serflow-opt",
    help="Decide where each stage of an early-exit network runs, on what, and when a request may leave early.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


class Method(StrEnum):
    """How to search."""

    auto = "auto"
    labels = "labels"
    milp = "milp"


Files = Annotated[
    list[str],
    typer.Argument(
        help="Instance files, folders, folders of instances, patterns, or names of shipped instances.", metavar="FILE"
    ),
]


@app.command()
def solve(
    files: Files,
    objective: Annotated[Objective | None, typer.Option(help="What to minimise.")] = None,
    accuracy_min: AccuracyMin = None,
    latency_slo_ms: LatencySlo = None,
    latency_measure: LatencyMeasure = None,
    cost_max_usd: CostMax = None,
    energy_max_j: EnergyMax = None,
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
    jobs: Annotated[int, typer.Option(help="Processes, for several instances.", min=1)] = 1,
    include: Include = None,
    exclude: Exclude = None,
    catalog: Catalogs = None,
    gap: Annotated[
        float | None, typer.Option(help="Relative gap that counts as optimal; 1e-6, with ranges 1e-4.", min=0.0)
    ] = None,
    time_limit: Annotated[float | None, typer.Option(help="Seconds for each instance.", min=0.0)] = None,
    threads: Annotated[int, typer.Option(help="HiGHS threads, at most one a processor; 0: HiGHS decides.", min=0)] = 0,
    seed: Annotated[int, typer.Option(help="HiGHS random seed.", min=0)] = 0,
    method: Annotated[
        Method, typer.Option(help="labels: no HiGHS; milp: the whole model; auto: labels where they do, else pruned.")
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
        from serflow_opt.solving import solve as solve_instance

        names = expand(files)
        if len(names) > 1 and (plot or write_lp):
            raise InputError([Problem("", "--plot, --write-lp", f"{len(names)} instances", "give one instance")])
        check_plot(plot)
        check_out(out)
        check_out(csv, ".csv", flag="--csv")
        options = _highs_options(highs_option or [])
        instances, problems = _load_all(
            names,
            include,
            exclude,
            catalog,
            {
                "minimize": objective and objective.value,
                "accounting": accounting and accounting.value,
                "accuracy_min": accuracy_min,
                "latency_slo_ms": latency_slo_ms,
                "latency_measure": latency_measure,
                "cost_max_usd": cost_max_usd,
                "energy_max_j": energy_max_j,
                "privacy_max": privacy_max,
                "rate_per_s": rate_per_s,
                **_combined(objective, weight, then),
            },
            jobs,
        )
        if problems:
            raise InputError(problems)
        chosen: dict[str, Any] = {
            "gap": gap,
            "time_limit": time_limit,
            "seed": seed,
            "method": method.value,
            "options": options,
        }
        told = verbose or (sys.stderr.isatty() and not as_json)
        if len(names) > 1 and not (verbose and jobs == 1):
            from serflow_opt.fleets.batch import solve_all

            if threads or jobs == 1:
                chosen["threads"] = threads
            with counting(told, len(names), "solving") as tick:
                plans = solve_all([own for _, own in instances], jobs=jobs, on_plan=lambda n, plan: tick(), **chosen)
        else:
            plans = []
            with stoppable():  # Ctrl-C ends all of them
                for _, instance in instances:
                    report = progress_rows(instance, len(names) > 1) if told else None
                    plans.append(solve_instance(instance, threads=threads, on_progress=report, **chosen))
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
    privacy_max: PrivacyMax = None,
    rate_per_s: Rate = None,
    accounting: AccountingFlag = None,
    catalog: Catalogs = None,
    as_json: Json = False,
    out: Out = None,
    plot: Plot = None,
    debug: Debug = False,
) -> None:
    """The exact value of any plan, by code that shares nothing with the optimiser. Exit code 3: it breaks a limit."""

    def work() -> int:
        from serflow_opt.cli.output import check_plot, deliver
        from serflow_opt.plan.valuation import value_plan

        check_plot(plot)
        instance = load_limited(
            file,
            catalog,
            accuracy_min=accuracy_min,
            latency_slo_ms=latency_slo_ms,
            latency_measure=latency_measure,
            cost_max_usd=cost_max_usd,
            energy_max_j=energy_max_j,
            privacy_max=privacy_max,
            rate_per_s=rate_per_s,
            accounting=accounting,
        )
        valued = value_plan(instance, read_plan(plan, file))
        deliver([valued], as_json, out, plot)
        return INFEASIBLE if valued.metrics and valued.metrics.breaches else OK

    finish(work, debug)


@app.command()
def validate(
    files: Files,
    catalog: Catalogs = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Everything that is wrong with instance files."""

    def work() -> int:
        from serflow_opt.cli.many import expand
        from serflow_opt.plan.notes import cautions

        instances, problems = _load_all(expand(files), None, None, catalog, {})
        told = {file: cautions(instance) for file, instance in instances}
        if as_json:
            fields = ("file", "place", "found", "cure")
            document = {
                "valid": not problems,
                "problems": [{f: getattr(p, f) for f in fields} for p in problems],
                "warnings": [{"file": file, "text": text} for file, texts in told.items() for text in texts],
            }
            print(json.dumps(document, indent=2))
            return BAD_INPUT if problems else OK
        for file, instance in instances:
            levels = sum(len(menu.thresholds) for menu in instance.menus[:-1])
            print(
                f"{file}: valid; {len(instance.stages)} stages, {levels} thresholds, "
                f"{len(instance.options)} options in {len(instance.tiers)} tiers"
            )
        for file, texts in told.items():
            for text in texts:
                print(f"warning: {file}: {text}", file=sys.stderr)
        if problems:
            raise InputError(problems)
        return OK

    finish(work, debug)


@app.command()
def new(
    folder: Annotated[Path | None, typer.Argument(help="Folder to make.", metavar="DIR")] = None,
    from_: Annotated[
        str | None, typer.Option("--from", help="Shipped instance to start from; left out: a small one, commented.")
    ] = None,
    listed: Annotated[bool, typer.Option("--list", help="List what there is to start from.")] = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Make an instance to start from: a small one with every line explained, or a copy of a shipped one."""

    def work() -> int:
        import shutil

        from serflow_opt.errors import nearest
        from serflow_opt.problem.loader import shipped, shipped_folder

        if listed:
            return _list_instances(as_json)
        if folder is None:
            raise InputError([Problem("", "DIR", "missing", "name the folder to make; --list shows what there is")])
        if from_ is not None and from_ not in shipped():
            cure = f"{nearest(from_, shipped())} (serflow-opt new --list)"
            raise InputError([Problem("", "--from", f"no shipped instance '{from_}'", cure)])
        if folder.exists():
            raise InputError([Problem(str(folder), "", "exists already", "name a folder that does not")])
        template = Path(__file__).parent / "blank" if from_ is None else shipped_folder() / from_
        try:
            shutil.copytree(template, folder, ignore=shutil.ignore_patterns("__pycache__", "*.py"))
        except OSError as error:
            cure = "choose a folder you may write to"
            raise InputError([Problem(str(folder), "", f"cannot be made ({error.strerror})", cure)]) from None
        print(f"{folder / 'instance.toml'}: edit it, then `serflow-opt solve {folder}`")
        return OK

    finish(work, debug)


@app.command()
def catalog(
    pattern: Annotated[list[str] | None, typer.Argument(help="Names, families, regions, architectures.")] = None,
    exclude: Exclude = None,
    add: Annotated[list[Path] | None, typer.Option("--catalog", help="Price CSV to add.")] = None,
    instances: Annotated[bool, typer.Option("--instances", help="List the shipped instances instead.")] = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """List prices with source and date."""

    def work() -> int:
        if instances:
            return _list_instances(as_json)
        from serflow_opt.cli.output import show
        from serflow_opt.problem.catalog import load_catalog
        from serflow_opt.report.catalog import as_documents, as_table

        rows = load_catalog().with_rows(*(add or [])).filter(pattern or (), exclude or ())
        if not rows.vms and not rows.functions:
            cure = "patterns match names, families, regions and architectures; try c6i.* or eu-west-1"
            raise InputError([Problem("catalogue", "", f"nothing like {' '.join(pattern or [])}", cure)])
        if as_json:
            print(json.dumps(as_documents(rows), indent=2))
        else:
            show(as_table(rows))
        return OK

    finish(work, debug)


@app.command()
def schema(
    what: Annotated[str, typer.Argument(help="instance or plan")] = "instance",
    debug: Debug = False,
) -> None:
    """JSON Schema of instance files and of plans."""

    def work() -> int:
        from serflow_opt.plan.document import Plan
        from serflow_opt.problem.schema import InstanceDocument

        if what == "instance":
            print(json.dumps(InstanceDocument.model_json_schema(by_alias=True), indent=2))
        elif what == "plan":
            print(json.dumps(Plan.document_schema(), indent=2))
        else:
            raise InputError([Problem("", "schema", f"'{what}'", "write instance or plan")])
        return OK

    finish(work, debug)


def _list_instances(as_json: bool) -> int:
    from serflow_opt.problem.loader import load, shipped

    rows = [(name, load(name)) for name in shipped()]
    if as_json:
        print(json.dumps([{"name": name, "description": instance.description} for name, instance in rows], indent=2))
    else:
        for name, instance in rows:
            print(f"{name}: {' '.join(instance.description.split())}")
    return OK


def _load_all(
    files: list[str],
    include: list[str] | None,
    exclude: list[str] | None,
    catalogs: list[Path] | None,
    changes: dict[str, Any],
    jobs: int = 1,
) -> tuple[list[tuple[str, Instance]], list[Problem]]:
    """Load every file and collect the problems of all of them."""
    from serflow_opt.cli.many import load_all

    given = {key: value for key, value in changes.items() if value is not None}
    return load_all(files, catalogs or (), given, include or (), exclude or (), jobs)


def _combined(objective: Objective | None, weight: list[str] | None, then: list[str] | None) -> dict[str, Any]:
    """Read --weight and --then; weights make the objective weighted, another objective drops the file's weights."""
    from typing import get_args

    from serflow_opt.problem.kinds import Objective as Name

    problems = [
        Problem("", flag, repr(text), f"name one of {', '.join(get_args(Name))}")
        for flag, texts in (("--weight", weight), ("--then", then))
        for text in texts or ()
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


app.command()(explain)
app.command()(fleet)
app.command()(pareto)
app.command()(profile)
app.command()(run)
app.command()(speed)
app.command()(provision)
app.command()(scale)
app.command()(simulate)
app.command()(compare)
app.command()(export)
app.command()(versions)


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
