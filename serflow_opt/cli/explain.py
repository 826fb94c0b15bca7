"""The command `explain`: what the best plan beats, by how much, and what its limits cost."""

from __future__ import annotations

from typing import Annotated

import typer

from serflow_opt.cli.common import (
    EXIT_CODES,
    LIMIT,
    AccountingFlag,
    AccuracyMin,
    CarbonMax,
    Catalogs,
    CostMax,
    Debug,
    EnergyMax,
    Exclude,
    File,
    Include,
    Json,
    LatencyMeasure,
    LatencySlo,
    ModeFlag,
    Objective,
    Out,
    PrivacyMax,
    Rate,
    ScenarioName,
    Settings,
    check_out,
    finish,
    hand_over,
    load_limited,
    telling,
)
from serflow_opt.ground.tolerances import DEFAULT_GAP


def explain(
    file: File,
    objective: Annotated[Objective | None, typer.Option(help="What to minimise.")] = None,
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
    include: Include = None,
    exclude: Exclude = None,
    gap: Annotated[float, typer.Option(help="Relative gap of each solve.", min=0.0)] = DEFAULT_GAP,
    time_limit: Annotated[float | None, typer.Option(help="Seconds in all; the rest is named.", min=0.0)] = None,
    scenario: ScenarioName = None,
    catalog: Catalogs = None,
    as_json: Json = False,
    out: Out = None,
    debug: Debug = False,
) -> None:
    """Options considered, what the winner beats and by how much, which limits bind and what relaxing them buys."""

    def work() -> int:
        from serflow_opt.families.verbs import answering

        check_out(out)
        instance = load_limited(
            file,
            catalog,
            "explain",
            scenario=scenario,
            settings=settings,
            minimize=objective,
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
            include=include,
            exclude=exclude,
        )
        with telling(not as_json) as tell:
            find = answering("explain", instance)
            found = find(instance, gap=gap, time_limit=time_limit, on_progress=lambda text: tell(f"solving: {text}"))
        hand_over(found, as_json, out)
        return LIMIT if found.not_asked else EXIT_CODES[found.plan.status]

    finish(work, debug)
