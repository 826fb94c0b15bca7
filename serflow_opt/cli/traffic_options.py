"""What the traffic commands are asked, as options, and read into what the functions take."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from serflow_opt.cli.common import check_out, load_limited
from serflow_opt.cli.output import check_plot
from serflow_opt.errors import InputError, Problem

if TYPE_CHECKING:
    from serflow_opt.ground.arguments import Arguments
    from serflow_opt.problem.instance import Instance
    from serflow_opt.traffic.demand.trace import Trace
    from serflow_opt.traffic.simulate.faults import Faults

TraceFile = Annotated[
    Path, typer.Option("--trace", help="CSV (second,requests; time stamps; a row a request), or shipped: twitter-day.")
]
TraceScale = Annotated[float, typer.Option(help="Multiply the trace's requests.", min=0.0, max=1e4)]
FromS = Annotated[float, typer.Option(help="Start of the part of the trace that is used, seconds.", min=0.0)]
ToS = Annotated[float | None, typer.Option(help="End of that part, seconds.", min=0.0)]
DegradedAccuracy = Annotated[
    float | None,
    typer.Option(
        help="Floor of a second, less accurate menu that the controller serves with under overload.", min=0.0, max=1.0
    ),
]


class Warming(StrEnum):
    """How environments of functions are kept warm by calls of their own, where that pays or the target needs it."""

    named = "named"
    together = "together"
    off = "off"


KeepWarm = Annotated[
    Warming,
    typer.Option(help="Functions kept warm where it pays: each environment by name, all by calls at once, or not."),
]
KeptPlan = Annotated[
    Path | None, typer.Option("--plan", help="Plan as `solve --out` writes it: keep it, and count its machines.")
]
MostBlocks = Annotated[int | None, typer.Option(help="Most blocks of stages; as many as tiers, 2 at least.", min=1)]
MostPools = Annotated[
    int, typer.Option(help="Most pools of machines a block; 2: two types or tiers share its requests.", min=1, max=2)
]
WaitMax = Annotated[
    float | None, typer.Option(help="Share that may wait at all without a function; none: any in time.")
]
Blocks = Annotated[int, typer.Option(help="Most blocks of stages.", min=1)]
EveryS = Annotated[float, typer.Option(help="Seconds between decisions.", min=1e-3)]
Seed = Annotated[int, typer.Option(help="Of all that is drawn.", min=0)]
Cv = Annotated[float, typer.Option(help="Coefficient of variation of service times.", min=0.0, max=1e3)]
SearchGap = Annotated[float, typer.Option("--gap", help="Relative gap at which the search ends.", min=0.0, max=1.0)]
TimeLimit = Annotated[
    float | None, typer.Option(help="Seconds for the search; what was found by then is kept.", min=0.0)
]
SimulationLimit = Annotated[
    float | None, typer.Option("--time-limit", help="Seconds; what is not through by then is left out.", min=0.0)
]


class Times(StrEnum):
    """How service times scatter."""

    fixed = "fixed"
    lognormal = "lognormal"
    pareto = "pareto"


ServiceTimes = Annotated[Times, typer.Option(help="How service times scatter.")]
Factors = Annotated[
    Path | None, typer.Option(help="CSV with a column factor: measured times / stated ones; instead of --times.")
]


class Moments(StrEnum):
    """When requests come within a period of the trace."""

    spread = "spread"
    even = "even"
    poisson = "poisson"


class ScheduleObjective(StrEnum):
    """What a schedule has least of."""

    cost = "cost"
    carbon = "carbon"


Picture = Annotated[Path | None, typer.Option("--plot", help="Draw into this file (.png, .pdf, .svg).")]


class PolicyName(StrEnum):
    """Who scales."""

    functions = "functions"
    maximum = "maximum"
    autoscaler = "autoscaler"
    tracking_60 = "tracking-60"
    tracking_70 = "tracking-70"
    tracking_80 = "tracking-80"
    libra = "libra"
    libra_mean = "libra-mean"
    libra_mean_warm = "libra-mean-warm"
    serflow = "serflow"
    whole = "whole"
    controller = "controller"
    foresight = "foresight"
    batches = "batches"
    controller_batches = "controller-batches"


def asked_over_time(
    given: Arguments,
    verb: str,
    file: str,
    catalog: list[Path] | None,
    trace: Path | None,
    part: tuple[float, float, float | None],
    written: tuple[Path | None, Path | None],
    limits: Mapping[str, Any],
) -> tuple[Any, Trace]:
    """Load an instance and, where it is a placement, its trace; what is wrong with them and with files is noted.

    Parameters
    ----------
    given
        Takes what is wrong. Nothing may be done with what is returned before it has told.
    verb, file, catalog
        As `load_limited` takes them.
    trace, part
        Trace file, or the name of a shipped trace; times its requests, and its start and end, seconds.
    written
        CSV file and picture that are asked for; None: none.
    limits
        As `load_limited` takes them, and its settings and scenario.
    """
    from serflow_opt.families.loading import kind_of
    from serflow_opt.families.registry import DEFAULT
    from serflow_opt.traffic.given import check_scaling

    problem: Any = None
    read: Any = None
    out, plot = written
    with given.also():
        check_plot(plot)
    with given.also():
        check_out(out, ".csv")
    with given.also():
        problem = load_limited(file, catalog, verb, **limits)
    if (kind_of(file) if problem is None else problem.kind) == DEFAULT:
        with given.also():
            read = read_part(trace, *part)
        with given.also():
            if problem is not None:
                check_scaling(problem)
    return problem, read


def read_part(path: Path | None, scale: float, from_s: float, to_s: float | None) -> Trace:
    """Read the part of a trace that is asked for.

    Parameters
    ----------
    path
        Trace file, or the name of a shipped trace; None: it is missing.
    scale
        Times the requests of the file.
    from_s, to_s
        Start and end, seconds; None: to the end of the trace.

    Raises
    ------
    InputError
        Where there is no trace, or no period lies between them.
    """
    from serflow_opt.traffic.demand.trace_file import read_trace

    if path is None:
        raise InputError([Problem("", "--trace", "missing", "name a CSV of requests, or twitter-day")])
    trace = read_trace(path)
    end = trace.seconds if to_s is None else to_s
    if round(from_s / trace.period_s) >= round(min(end, trace.seconds) / trace.period_s):
        found = f"no period from {from_s:g} to {end:g} s"
        raise InputError([Problem(str(path), "--from-s, --to-s", found, f"the trace has 0 to {trace.seconds:g} s")])
    if from_s or to_s is not None:
        trace = trace.slice(from_s, min(end, trace.seconds))
    return trace if scale == 1 else trace.scaled(scale)


def from_hour(instance: Instance, from_s: float) -> Instance:
    """Return the instance with the grids' hours from some second of a trace on."""
    from dataclasses import replace

    tiers = tuple(
        tier
        if tier.grid_hours is None
        else replace(tier, grid_hours=replace(tier.grid_hours, begins_s=tier.grid_hours.begins_s + from_s))
        for tier in instance.tiers
    )
    return replace(instance, tiers=tiers)


def counting_carbon(instance: Instance) -> Instance:
    """Return an instance that policies can be run on: they scale for money, and what they emit is counted."""
    from serflow_opt.problem.carbon_priced import without_carbon_asked

    if instance.minimize == "carbon" or instance.carbon_max_g is not None:
        print(f"note: {instance.name}: policies scale for money; what they emit is counted", file=sys.stderr)
        return without_carbon_asked(instance)
    return instance


def told_of_traffic(instance: Instance, taken_away: bool = False) -> None:
    """Say on stderr what commands over time count otherwise than it is paid, or leave out.

    Parameters
    ----------
    instance
        The problem.
    taken_away
        Whether machines are taken away as often as their tiers say.
    """
    from serflow_opt.problem.egress import said_of_dearest

    for said in said_of_dearest(instance):
        print(f"note: {instance.name}: {said}", file=sys.stderr)
    taken = [tier.name for tier in instance.tiers if tier.scaling.interruptions_per_day]
    if taken and not taken_away:
        print(f"note: {instance.name}: machines of {', '.join(taken)} are never taken away here", file=sys.stderr)


def read_machines(texts: list[str] | None) -> dict[str, int]:
    """Read TYPE:COUNT.

    Parameters
    ----------
    texts
        Machines that are there at the start; None: none.

    Raises
    ------
    InputError
        For what cannot be read, and a type that is named twice.
    """
    counts: dict[str, int] = {}
    for text in texts or []:
        name, _, number = text.rpartition(":")
        if not name or not number.isdecimal() or name in counts:
            cure = "write TYPE:COUNT, each type once"
            raise InputError([Problem("", "--machines-at-start", f"'{text}'", cure)])
        counts[name] = int(number)
    return counts


def read_faults(no_start: list[str] | None, throttle: list[str] | None, instance: Instance) -> Faults:
    """Read TYPE:FROM:TO and FROM:TO:LIMIT.

    Parameters
    ----------
    no_start
        TYPE:FROM:TO: no machine of a type starts between two moments, seconds.
    throttle
        FROM:TO:LIMIT: calls of functions at once between two moments, seconds.
    instance
        Whose types are meant.

    Raises
    ------
    InputError
        For what cannot be read, and types the instance does not have.
    """
    from serflow_opt.traffic.simulate.faults import Faults

    problems: list[Problem] = []
    stops, limits = [], []
    rented = [t for t, tier in enumerate(instance.tiers) if tier.kind != "function"]
    known = [option.name for option in instance.options if option.tier in rented]
    for text in no_start or []:
        name, _, rest = text.partition(":")
        window = _numbers(rest, 2)
        if name not in known or window is None or not window[0] < window[1]:
            problems.append(Problem("", "--no-start", f"'{text}'", f"write TYPE:FROM:TO, TYPE of {', '.join(known)}"))
        else:
            stops.append((name, window[0], window[1]))
    for text in throttle or []:
        numbers = _numbers(text, 3)
        if numbers is None or numbers[2] != int(numbers[2]) or not numbers[0] < numbers[1]:
            problems.append(Problem("", "--throttle", f"'{text}'", "write FROM:TO:LIMIT, seconds and requests at once"))
        else:
            limits.append((numbers[0], numbers[1], int(numbers[2])))
    if problems:
        raise InputError(problems)
    return Faults(tuple(stops), tuple(limits), any(tier.scaling.interruptions_per_day for tier in instance.tiers))


def _numbers(text: str, count: int) -> list[float] | None:
    """Numbers between colons, None where there are not so many."""
    try:
        numbers = [float(part) for part in text.split(":")]
    except ValueError:
        return None
    return numbers if len(numbers) == count and all(0 <= x < 1e18 for x in numbers) else None


def read_factors(path: Path) -> Any:
    """Read measured factors of service times."""
    from serflow_opt.problem.tables import Column, read_table

    problems: list[Problem] = []
    rows = read_table(path, [Column("factor", "number", 0)], problems)
    if problems:
        raise InputError(problems)
    import numpy as np

    factors = np.array([row.number("factor") for row in rows])
    if not factors.sum() > 0:
        raise InputError([Problem(str(path), "column factor", "no time at all", "give measured times / stated times")])
    return factors
