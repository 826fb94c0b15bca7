"""The command that decides what to rent for a rate or a demand."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from serflow_opt.cli.common import (
    EXIT_CODES,
    AccuracyMin,
    Catalogs,
    Debug,
    Exclude,
    File,
    Include,
    Json,
    LatencyMeasure,
    LatencySlo,
    Rate,
    ScenarioName,
    check_out,
    finish,
    hand_over,
    load_limited,
    telling,
)
from serflow_opt.cli.traffic_options import (
    Cv,
    Factors,
    KeptPlan,
    MostBlocks,
    MostPools,
    SearchGap,
    ServiceTimes,
    TimeLimit,
    Times,
    WaitMax,
    read_factors,
)

ProveWaits = Annotated[
    bool | None,
    typer.Option(
        "--prove-waits/--no-prove-waits",
        help="Worst case: prove waits beside functions whatever that takes; or do not try them. Else in two blocks "
        "as far as few sets of thresholds are left.",
        show_default=False,
    ),
]
Availability = Annotated[
    float, typer.Option(help="Where machines are taken away: share of the time that as many as planned are up.")
]

if TYPE_CHECKING:
    from serflow_opt.traffic.demand.trace import Trace


class ArrivalKind(StrEnum):
    """How evenly requests come."""

    random = "random"
    smooth = "smooth"


def provision(
    file: File,
    rate_per_s: Rate = None,
    trace: Annotated[Path | None, typer.Option(help="CSV or shipped trace: its minutes are the demand.")] = None,
    plan: KeptPlan = None,
    blocks: MostBlocks = None,
    arrivals: Annotated[ArrivalKind, typer.Option(help="random: Poisson; smooth: evenly.")] = ArrivalKind.random,
    pools: MostPools = 1,
    wait_max: WaitMax = None,
    accuracy_min: AccuracyMin = None,
    latency_slo_ms: LatencySlo = None,
    latency_measure: LatencyMeasure = None,
    include: Include = None,
    exclude: Exclude = None,
    times: ServiceTimes = Times.fixed,
    factors: Factors = None,
    cv: Cv = 0.5,
    gap: SearchGap = 1e-3,
    time_limit: TimeLimit = None,
    prove_waits: ProveWaits = None,
    availability: Availability = 0.999,
    scenario: ScenarioName = None,
    catalog: Catalogs = None,
    as_json: Json = False,
    out: Annotated[Path | None, typer.Option(help="Write the JSON document to this file.")] = None,
    debug: Debug = False,
) -> None:
    """What to rent for a rate or a demand: blocks of stages, machines, functions and thresholds, proven."""

    def work() -> int:
        from serflow_opt.traffic.provision.solve import Moment
        from serflow_opt.traffic.provision.solve import provision as find

        limits = {
            "scenario": scenario,
            "include": include,
            "exclude": exclude,
            "accuracy_min": accuracy_min,
            "latency_slo_ms": latency_slo_ms,
            "latency_measure": latency_measure,
        }
        instance, demand = _asked(file, catalog, rate_per_s, trace, out, limits)

        def report(moment: Moment) -> None:
            tell(
                f"{moment.done} of {moment.structures} structures, best {moment.best * 3600:.6g}, "
                f"bound {moment.bound * 3600:.6g} USD/h"
            )

        with telling(not as_json) as tell:
            found = find(
                instance,
                demand,
                plan=plan,
                blocks=blocks,
                pools=pools,
                times=times.value if factors is None else read_factors(factors),
                cv=cv,
                arrivals=arrivals.value,
                wait_max=wait_max,
                gap=gap,
                time_limit=time_limit,
                prove_waits={True: True, False: None, None: False}[prove_waits],
                availability=availability,
                on_progress=report,
            )
        hand_over(found, as_json, out)
        return EXIT_CODES[found.status]

    finish(work, debug)


def _asked(
    file: str,
    catalog: list[Path] | None,
    rate_per_s: float | None,
    trace: Path | None,
    out: Path | None,
    limits: Mapping[str, Any],
) -> tuple[Any, float | Trace | None]:
    """Load the instance and read the demand; all that is wrong with them is told at once."""
    from serflow_opt.ground.arguments import Arguments
    from serflow_opt.traffic.demand.trace_file import read_trace

    instance: Any = None
    demand: float | Trace | None = rate_per_s
    with Arguments() as given:
        if rate_per_s is not None and trace is not None:
            given.misfit("--rate-per-s, --trace", "both given", "give one of them")
        with given.also():
            check_out(out)
        with given.also():
            instance = load_limited(file, catalog, "provision", **limits)
        with given.also():
            demand = demand if trace is None else read_trace(trace)
    return instance, demand
