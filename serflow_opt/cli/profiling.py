"""The commands `profile` and `run`: a network measured into an instance, and a plan of that instance run for real."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from serflow_opt.cli.common import OK, Debug, Json, finish, read_plan
from serflow_opt.errors import InputError, Problem

if TYPE_CHECKING:
    from rich.console import RenderableType

    from serflow_opt.profiling.running import CountedShare, Served
    from serflow_opt.profiling.tasks.cholesky import CholeskyRuns


AMONG = ("clients", "concentration", "clients_per_round", "local_epochs", "until", "rounds_max", "time_limit")
"""Options of --rounds."""


class Train(StrEnum):
    """What is trained before measuring."""

    no = "no"
    joint = "joint"
    frozen = "frozen"


Data = Annotated[
    list[str] | None,
    typer.Option(
        metavar="DATA",
        help="Labelled data: mnist, mnist-fresh:FOLDER, FILE.npz (inputs, labels) or FILE.py:NAME; repeatable.",
    ),
]
Weights = Annotated[Path | None, typer.Option(help="State dictionary of the network.")]
ROUNDS_S = 900.0
"""Seconds of trainings among clients, unless said otherwise: all that are tried by default take less on two cores."""


def profile(
    context: typer.Context,
    network: Annotated[str, typer.Argument(help="Shipped architecture, FILE.py:NAME, MODULE:NAME, or FILE.onnx.")],
    out: Annotated[Path, typer.Option(help="Folder to make: the instance with its tables.", metavar="DIR")],
    data: Data = None,
    weights: Weights = None,
    train: Annotated[Train, typer.Option(help="joint: all weights; frozen: the classifiers alone.")] = Train.no,
    epochs: Annotated[int, typer.Option(help="Passes over the training part.", min=1)] = 12,
    batch_size: Annotated[int, typer.Option(help="Inputs a training step.", min=2)] = 64,
    learning_rate: Annotated[float, typer.Option(help="Peak step size of Adam.", min=1e-9)] = 2e-3,
    exit_weight: Annotated[
        list[float] | None, typer.Option(help="Weight of a classifier in the joint loss, in order; repeat for each.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Draws weights, parts of the data, order of training.", min=0)] = 0,
    threads: Annotated[
        list[int] | None, typer.Option(help="Threads to time with; repeatable. Default: 1, and all there are.", min=1)
    ] = None,
    work_threads: Annotated[
        int | None, typer.Option(help="Threads for all else. Default: all there are.", min=1)
    ] = None,
    batches: Annotated[
        str | None, typer.Option(metavar="SIZES", help="Also time batches, like 1,2,4,8: batches.csv and what fits it.")
    ] = None,
    warmup: Annotated[int, typer.Option(help="Passes before those that are timed.", min=0)] = 20,
    repeats: Annotated[int, typer.Option(help="Timed passes.", min=2)] = 500,
    stages: Annotated[int | None, typer.Option(help="Cut into at most so many stages.", min=1)] = None,
    input_shape: Annotated[
        str | None, typer.Option("--input", help="Shape of one input where nothing else tells it, like 3x224x224.")
    ] = None,
    privacy: Annotated[bool, typer.Option("--privacy", help="Attack every cut: writes privacy.csv.")] = False,
    compression: Annotated[bool, typer.Option("--compression", help="Compress at every cut: compression.csv.")] = False,
    training: Annotated[
        bool, typer.Option("--training", help="Time stages there and back: training_stages.csv, layers.csv.")
    ] = False,
    training_batch: Annotated[
        int, typer.Option(help="Inputs of a mini-batch that is timed there and back.", min=2)
    ] = 32,
    rounds: Annotated[
        bool, typer.Option("--rounds", help="Train among simulated clients: rounds.csv, updates.csv.")
    ] = False,
    clients: Annotated[int, typer.Option(help="Simulated clients.", min=2)] = 20,
    concentration: Annotated[
        float, typer.Option(help="Of the Dirichlet shares of classes: the larger, the more alike clients are.")
    ] = 0.5,
    clients_per_round: Annotated[
        list[int] | None, typer.Option(help="Clients of a round; repeatable. Default: 5 and 10.", min=1)
    ] = None,
    local_epochs: Annotated[
        list[int] | None, typer.Option(help="Epochs of a client's turn; repeatable. Default: 1.", min=1)
    ] = None,
    until: Annotated[float, typer.Option(help="Accuracy at which a training among clients ends.")] = 0.9,
    rounds_max: Annotated[int, typer.Option(help="Most rounds of a training among clients.", min=1)] = 14,
    time_limit: Annotated[
        float, typer.Option(help="Seconds for --rounds: trainings that ended by then are written.", min=1e-3)
    ] = ROUNDS_S,
    cut: Annotated[
        list[int] | None, typer.Option(help="Attack and compress only after so many stages; repeatable.", min=0)
    ] = None,
    epsilon: Annotated[
        list[float] | None, typer.Option(help="Privacy budget of a value under Laplace noise; repeatable.", min=1e-9)
    ] = None,
    seeds: Annotated[int, typer.Option(help="Repetitions of attacks and of --rounds.", min=1)] = 3,
    device: Annotated[str, typer.Option(help="auto (a GPU when there is one), cpu, cuda.")] = "auto",
    force: Annotated[bool, typer.Option("--force", help="Replace an instance that is there.")] = False,
    debug: Debug = False,
) -> None:
    """Measure a network and write an instance to solve: operations, sizes, exits, times, leaks, compression."""

    def work() -> int:
        from serflow_opt.profiling import need_torch

        _check_given(context, train is not Train.no, privacy, compression, training, rounds)
        need_torch("profile")
        from serflow_opt.profiling.measure.machine import hardware_threads
        from serflow_opt.profiling.measure.training import TrainingSettings
        from serflow_opt.profiling.profile import profile
        from serflow_opt.profiling.rounds.measure import Federation
        from serflow_opt.profiling.settings import ProfileSettings

        how = TrainingSettings(epochs, batch_size, learning_rate, tuple(exit_weight) if exit_weight else None, seed)
        usual = Federation()
        repeated = tuple(range(seed, seed + seeds))
        federation = Federation(
            clients=clients,
            concentration=concentration,
            drawn=tuple(dict.fromkeys(clients_per_round or usual.drawn)),
            local_epochs=tuple(dict.fromkeys(local_epochs or usual.local_epochs)),
            enough=until,
            most=rounds_max,
            seeds=repeated,
            seconds=time_limit,
        )
        settings = ProfileSettings(
            training=train.value,
            how=how,
            seed=seed,
            threads=tuple(dict.fromkeys(threads or (1, hardware_threads()))),
            work_threads=work_threads,
            batches=_sizes(batches),
            warmup=warmup,
            repeats=repeats,
            most=stages,
            input_shape=_shape(input_shape),
            privacy=privacy,
            compression=compression,
            trained=training_batch if training else 0,
            federation=federation if rounds else None,
            cuts=tuple(cut) if cut else None,
            epsilons=tuple(epsilon) if epsilon else None,
            seeds=repeated,
            device=device,
        )
        file = profile(
            network,
            out,
            data=data or (),
            weights=weights,
            settings=settings,
            force=force,
            say=lambda line: print(line, file=sys.stderr, flush=True),
        )
        print(f"{file}: `serflow-opt solve {out}`")
        return OK

    finish(work, debug)


class Engine(StrEnum):
    """What runs the tasks of a graph."""

    processes = "processes"
    dask = "dask"


def run(
    file: Annotated[str, typer.Argument(help="Instance that `profile` wrote, or of kind blocked.")],
    plan: Annotated[Path, typer.Argument(help="Plan as `solve --out` writes it.")],
    data: Data = None,
    network: Annotated[str | None, typer.Option(help="The network, where it is no longer where it was.")] = None,
    threads: Annotated[int | None, typer.Option(help="Threads; default: those of the plan.", min=1)] = None,
    engine: Annotated[Engine, typer.Option(help="What runs the tasks of a blocked Cholesky.")] = Engine.processes,
    runs: Annotated[int, typer.Option(help="How often a blocked Cholesky is run.", min=1)] = 3,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Run a plan for real, request by request, and compare accuracy, exit shares and time with its promises.

    Without --data on the held-out samples of the profile, which neither trained the network nor made the tables.
    A blocked Cholesky is run on this machine: its tasks are measured, its time predicted, and both are shown.
    """

    def work() -> int:
        from serflow_opt.cli.output import show
        from serflow_opt.families.loading import problem_of

        problem = problem_of(file)
        if problem.kind == "blocked":
            return _run_tasks(problem, read_plan(plan, file), engine.value, runs, as_json)
        from serflow_opt.profiling import need_torch

        need_torch("run")
        from serflow_opt.profiling.rerun import rerun

        served = rerun(file, read_plan(plan, file), data=data or (), network=network, threads=threads)
        if as_json:
            print(json.dumps(asdict(served) | {"time_ratio": served.time_ratio}, indent=2))
        else:
            show(_table(served))
        return OK

    finish(work, debug)


def _run_tasks(problem: Any, plan: Mapping[str, Any], engine: str, runs: int, as_json: bool) -> int:
    """Run a blocked Cholesky as planned."""
    from serflow_opt.cli.common import telling
    from serflow_opt.cli.output import show
    from serflow_opt.families.simulated import decision_to_run
    from serflow_opt.profiling.tasks.cholesky import run_cholesky

    with telling(not as_json) as tell:
        found = run_cholesky(problem.data, decision_to_run(problem, plan, None), engine, runs, say=tell)
    if as_json:
        print(json.dumps(asdict(found) | {"off": found.off}, indent=2))
    else:
        show(_tasks_table(found))
    return OK


def _tasks_table(found: CholeskyRuns) -> RenderableType:
    from rich.console import Group
    from rich.text import Text

    from serflow_opt.ground.sheet import Sheet

    head = f"{found.rows:,} rows in blocks of {found.block:,}, {found.workers} workers, by {found.engine}"
    last = found.runs[-1]
    tasks = [
        (name, f"{count:,}", f"{own * 1000:.4g}", f"{flops / own / 1e9:.3g}")
        for name, count, own, flops in zip(found.kinds, found.tasks, last.seconds, found.flops, strict=True)
    ]
    rows = [
        (f"{n}", f"{own.predicted_s:.4g}", f"{own.measured_s:.4g}", f"{own.off:+.1%}", f"{own.residual:.1g}")
        for n, own in enumerate(found.runs, start=1)
    ]
    load = f"load of the machine {found.load[0]:.1f} before, {found.load[1]:.1f} after"
    return Group(
        Text(head),
        Sheet(("task", "tasks", "ms", "GFlop/s"), tasks, left=("task",)),
        Text(),
        Sheet(("run", "predicted s", "measured s", "off", "residual"), rows),
        Text(f"median {found.off:+.1%}; {load}"),
    )


def _check_given(
    context: typer.Context, trains: bool, privacy: bool, compression: bool, timed: bool, among: bool
) -> None:
    """Raise InputError for options that would do nothing."""
    idle = {
        **dict.fromkeys(("epochs", "batch_size", "learning_rate", "exit_weight"), (trains, "--train joint or frozen")),
        "epsilon": (privacy, "--privacy"),
        "seeds": (privacy or among, "--privacy or --rounds"),
        **dict.fromkeys(AMONG, (among, "--rounds")),
        "cut": (privacy or compression, "--privacy or --compression"),
        "training_batch": (timed, "--training"),
    }
    problems = []
    for name, (used, cure) in idle.items():
        source = context.get_parameter_source(name)
        if not used and source is not None and source.name == "COMMANDLINE":
            option = "--" + name.replace("_", "-")
            problems.append(Problem("", option, "does nothing by itself", f"add {cure}, or leave it out"))
    if problems:
        raise InputError(problems)


def _shape(text: str | None) -> tuple[int, ...] | None:
    """Read 3x224x224."""
    if text is None:
        return None
    try:
        sizes = tuple(int(part) for part in text.split("x"))
    except ValueError:
        sizes = ()
    if not sizes or min(sizes) < 1:
        raise InputError([Problem("", "--input", repr(text), "write sizes of at least 1, like 3x224x224")])
    return sizes


def _sizes(text: str | None) -> tuple[int, ...]:
    """Read 1,2,4,8."""
    if text is None:
        return ()
    try:
        sizes = tuple(int(part) for part in text.split(","))
    except ValueError:
        sizes = ()
    if not sizes or min(sizes) < 1 or len({*sizes}) < len(sizes):
        raise InputError([Problem("", "--batches", repr(text), "write different sizes of at least 1, like 1,2,4,8")])
    return sizes


def _table(served: Served) -> RenderableType:
    from rich.console import Group
    from rich.text import Text

    from serflow_opt.ground.sheet import Sheet
    from serflow_opt.profiling.running import NORMAL_95

    titles = (f"{served.requests} requests", "exit tables", "together", "measured", "95 % interval", "")
    rows: list[tuple[str, ...]] = []

    def share(name: str, estimate: CountedShare) -> None:
        promises = ("-" if figure is None else f"{figure:.4f}" for figure in (estimate.tables, estimate.promised))
        verdict = {True: "agrees", False: "differs", None: ""}[estimate.agrees]
        interval = f"{estimate.low:.4f} .. {estimate.high:.4f}"
        rows.append((name, *promises, f"{estimate.measured:.4f}", interval, verdict))

    share("accuracy", served.accuracy)
    for stage, estimate in served.exit_share.items():
        share(f"leave at stage {stage}", estimate)
    times = (served.tables_mean_ms, served.promised_mean_ms)
    promises = ("-" if figure is None else f"{figure:.4g}" for figure in times)
    margin = NORMAL_95 * (served.mean_error_ms or 0.0)
    interval = f"{served.mean_ms - margin:.4g} .. {served.mean_ms + margin:.4g}"
    ratio = "" if served.time_ratio is None else f"{served.time_ratio - 1:+.1%}"
    rows.append(("mean time, ms", *promises, f"{served.mean_ms:.4g}", interval, ratio))
    rows.append(("p95, p99, ms", "-", "-", f"{served.p95_ms:.4g}, {served.p99_ms:.4g}", "", ""))
    note = "together: what the thresholds do on the samples behind the tables; the last column compares with it"
    return Group(Sheet(titles, rows, left=titles), Text(note))
