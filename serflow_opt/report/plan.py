"""A plan as a person wants to read it: what runs where, what it costs, what the limits leave, what is proven."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from serflow_opt.ground.gaps import relative_gap
from serflow_opt.ground.sheet import Sheet, facts_table
from serflow_opt.problem.ramps import RAMP
from serflow_opt.problem.tariffs import HOURS_PER_MONTH
from serflow_opt.report.robustness import robust_parts

if TYPE_CHECKING:
    from serflow_opt.plan.document import Metrics, Plan

CHECKED = 1e-6
"""Bounds closer than this, relative, are told as one."""
NOTHING = 1e-9
"""Gaps up to this are told as 0: double precision tells value and bound no further apart."""
VERDICT = {
    "optimal": ("proven optimal", "bold green"),
    "feasible": ("not proven: stopped at a limit", "bold yellow"),
    "infeasible": ("proven infeasible", "bold red"),
    "valued": ("valued exactly, keeps its limits", "bold green"),
    "no_solution": ("stopped before a plan was found", "bold red"),
}


def plan_table(plan: Plan) -> RenderableType:
    """Lay a plan out: verdict, stages, totals, limits, certificate."""
    verdict, style = verdict_of(plan)
    head = Text.assemble((plan.instance, "bold"), "  ", (verdict, style), f"  in {plan.seconds:.2f} s")
    parts: list[RenderableType] = [head]
    if plan.metrics is None:
        parts += [Text(f"  {line}") for line in why_not(plan)]
        if plan.bound is not None:
            parts.append(Text(f"  no plan can be better than {plan.bound:.6g} {plan.objective.unit}"))
    else:
        parts += [stage_table(plan, plan.metrics), *totals(plan, plan.metrics)]
        parts += [] if plan.robustness is None else [*robust_parts(plan, plan.robustness)]
        parts.append(Text(proof_line(plan)))
    if plan.certificate.scope:
        parts.append(Text(f"proof of    {plan.certificate.scope}"))
    parts += [Text(f"note: {note}", style="yellow") for note in plan.notes]
    return Group(*parts)


def verdict_of(plan: Plan) -> tuple[str, str]:
    """Say in a few words what a plan is, and in which style."""
    if plan.metrics is not None and plan.metrics.breaches:
        return "breaks a limit", "bold red"
    verdict, style = VERDICT[plan.status if plan.certificate.optimised else "valued"]
    return ("optimal by the solver's word", style) if plan.status == "optimal" and plan.by_word else (verdict, style)


def why_not(plan: Plan) -> list[str]:
    """Say why there is no plan: a line a limit, and a line a set of limits that clash where that says more."""
    lines = [clash.message for clash in plan.infeasible_because]
    alone = {(clash.limit, clash.best) for clash in plan.infeasible_because}
    sets = plan.clashing_sets
    if len(sets) != 1 or {(change.limit, change.best) for change in sets[0].changes} != alone:
        lines += [own.message for own in sets]
    if any(not clash.sets_complete for clash in plan.infeasible_because if clash.sets):
        lines.append("there may be further sets of limits that clash: time ran out")
    return lines


def stage_table(plan: Plan, metrics: Metrics) -> Sheet:
    """One row for each run of stages on the same option with the same story, or each stage where it differs."""
    titles = (
        "stage",
        "runs on",
        "leave when",
        "leave here",
        "still inside",
        "compute ms",
        "arrive ms",
        "done at ms",
    )
    rows = []
    thresholds = {choice.stage: choice for choice in plan.thresholds}
    last = len(metrics.stages)
    for stage in metrics.stages:
        choice = thresholds.get(stage.stage)
        if stage.stage == last:
            rule = "always"
        elif choice is None:
            rule = "-"
        elif choice.mix:
            rule = " or ".join(f">= {part.threshold:.4g} ({part.probability:.1%})" for part in choice.mix)
        else:
            rule = "never" if (choice.threshold or 0.0) > 1 else f"confidence >= {choice.threshold:.4g}"
        arriving = stage.handover_ms + stage.cold_start_ms + stage.coding_ms
        row = (
            str(stage.stage),
            f"{stage.tier}: {stage.option}",
            rule,
            f"{stage.exit_share:.1%}",
            f"{max(stage.reach - stage.exit_share, 0.0):.1%}",
            f"{stage.compute_ms:.4g}",
            f"{arriving:.4g}" if arriving else "",
            f"{stage.finished_ms:.4g}",
        )
        rows.append(row)
    words = ("runs on", "leave when")
    return Sheet(titles, rows, left=words, folds=words, spare=("confidence ",))


def totals(plan: Plan, metrics: Metrics) -> list[RenderableType]:
    """Money as people think of it, machines, and each limit with what is left of it."""
    facts: list[tuple[str, str | Text]] = []
    accounting = plan.limits.get("accounting")
    cost = f"{usd(metrics.cost_usd_per_request * 1e6)} per million requests ({accounting})"
    if metrics.cost_usd_per_hour is not None:
        hourly = metrics.cost_usd_per_hour
        cost += f" = {usd(hourly)} an hour, {usd(hourly * HOURS_PER_MONTH)} a month at {plan.limits['rate_per_s']:g}/s"
    facts.append(("cost", cost))
    if len(metrics.stages) < len(metrics.reach):
        end, stages = len(metrics.stages), len(metrics.reach)
        facts.append(("ends", f"at stage {end} of {stages}, where everybody leaves: what comes behind is not placed"))
    for bill in metrics.egress:
        volume = f"{bill.name}: {bill.gb_per_month:,.4g} GB a month, {usd(bill.usd_per_month)}"
        facts.append(("egress", f"{volume} of the cost; the next GB {usd(bill.usd_per_gb)}"))
    for own in plan.plan.batches if plan.plan is not None else ():
        together = f"{own.batch} within {own.wait_ms:g} ms" if own.batch > 1 else "one by one"
        facts.append(("batches", f"stages {own.stages[0]} to {own.stages[1]}: {together}"))
    for machine in metrics.machines:
        rented = f"{machine.count} x {machine.option} ({machine.tier}), {usd(machine.usd_per_hour)} an hour"
        if machine.stages is not None:
            rented += f", stages {machine.stages[0]} to {machine.stages[1]}"
        facts.append(("machines", f"{rented}, {machine.utilisation:.0%} busy"))
    percentiles = ", ".join(f"{name} {ms:.4g}" for name, ms in metrics.latency_percentiles_ms.items())
    latencies = f"worst {metrics.latency_worst_ms:.4g}, mean {metrics.latency_mean_ms:.4g}, {percentiles}"
    facts.append(("latency ms", latencies))
    facts.append(("accuracy", "unknown" if metrics.accuracy is None else f"{metrics.accuracy:.4f}"))
    for part in plan.samples:
        title = f"on {part.part} samples" if part.part == "held-out" else "on the samples"
        between = f"{part.accuracy_low:.4f} to {part.accuracy_high:.4f}, n = {part.samples}"
        together = "when the thresholds run on all confidences together"
        facts.append((title, f"accuracy {part.accuracy:.4f} (95 %: {between}) {together}"))
    facts += adaptations(plan, metrics)
    facts += [("limit", line) for line in _limits(plan, metrics)]
    for breach in metrics.breaches:
        broken = f"{breach.limit}: {breach.value:.6g} against {breach.bound:.6g} ({breach.excess:.2%} beyond)"
        facts.append(("BROKEN", Text(broken, style="bold red")))
    return [facts_table(facts)]


def adaptations(plan: Plan, metrics: Metrics) -> Iterator[tuple[str, str]]:
    """Variants, what crosses links and how, what leaks, energy, carbon: where there is something to say."""
    assert plan.plan is not None
    on = [variant.stages[0] for variant in plan.plan.variants if variant.variant == RAMP]
    if on:
        yield "classifiers on", f"at stage {', '.join(map(str, on))}"
    for variant in plan.plan.variants:
        if variant.variant == RAMP:
            continue
        yield "variant", f"stages {variant.stages[0]} to {variant.stages[1]}: {variant.variant}"
    ways = {handover.before_stage: handover for handover in plan.plan.handovers}
    exposed = any(not crossing.trusted for crossing in metrics.crossings)
    for crossing in metrics.crossings if ways or exposed else ():
        way = ways.get(crossing.before_stage)
        text = f"before stage {crossing.before_stage}: {crossing.from_} -> {crossing.to}, {_bytes(crossing.bytes)}"
        if way is not None and way.compression != "none":
            text += f", {way.compression}"
        if way is not None and way.protection != "none":
            text += f", {way.protection} {way.scale:.4g}"
        if not crossing.trusted:
            error = "unknown" if crossing.mse is None else f"{crossing.mse:.4g}"
            text += f"; untrusted, reconstruction error {error}, leak {crossing.leak:.3f} of {crossing.reach:.1%}"
        yield "hand-over", text
    if metrics.privacy_loss or exposed:
        yield "privacy loss", f"{metrics.privacy_loss:.4g}"
    if metrics.energy_j_per_request:
        yield "energy", f"{metrics.energy_j_per_request:.4g} J per request"
    if metrics.carbon_g_per_request is not None:
        hourly = metrics.carbon_g_per_hour
        by_hour = "" if hourly is None else f", {hourly:.4g} g per hour"
        yield "carbon", f"{metrics.carbon_g_per_request * 1e6:.4g} g CO2e per million requests{by_hour}"
    if plan.payoff:
        names = list(plan.payoff[0])
        spans = (
            f"{name} {min(row[name] for row in plan.payoff):.4g} to {max(row[name] for row in plan.payoff):.4g}"
            for name in names
        )
        yield "ideal to nadir", ", ".join(spans)


def _bytes(size: float) -> str:
    return f"{size / 1e6:.3g} MB" if size >= 1e6 else f"{size / 1e3:.3g} kB" if size >= 1e3 else f"{size:.3g} B"


def _limits(plan: Plan, metrics: Metrics) -> list[str]:
    lines = []
    floor, ceiling = plan.limits.get("accuracy_min"), plan.limits.get("latency_slo_ms")
    if isinstance(floor, float) and metrics.accuracy is not None:
        lines.append(f"accuracy >= {floor:g}: {_slack(metrics.accuracy - floor, floor)}")
    measure = str(plan.limits["latency_measure"])
    ceilings = [
        (f"latency ({measure})", metrics.latency_ms(measure), ceiling, " ms"),
        ("cost", metrics.cost_usd_per_request, plan.limits.get("cost_max_usd"), " USD"),
        ("energy", metrics.energy_j_per_request, plan.limits.get("energy_max_j"), " J"),
        ("carbon", metrics.carbon_g_per_request or 0.0, plan.limits.get("carbon_max_g"), " g"),
        ("privacy loss", metrics.privacy_loss, plan.limits.get("privacy_max"), ""),
    ]
    for name, reached, limit, unit in ceilings:
        if isinstance(limit, float):
            lines.append(f"{name} <= {limit:g}{unit}: {_slack(limit - reached, limit, unit)}")
    exposed = [crossing.mse for crossing in metrics.crossings if not crossing.trusted]
    least = plan.limits.get("mse_min")
    if isinstance(least, float):
        known = [mse for mse in exposed if mse is not None]
        said = _slack(min(known) - least, least) if known else "nothing crosses an untrusted link"
        lines.append(f"reconstruction error >= {least:g}: {said}")
    return lines


def _slack(slack: float, limit: float, unit: str = "") -> str:
    if abs(slack) <= 1e-6 * abs(limit):
        return "met exactly"
    share = f" ({slack / limit:.2%})" if limit else ""
    return f"{slack:.4g}{unit} to spare{share}" if slack > 0 else f"missed by {-slack:.4g}{unit}"


def proof_line(plan: Plan) -> str:
    """Say what was reached, what no plan is below, and how that was found."""
    value, bound, unit = plan.objective.value, plan.bound, plan.objective.unit
    reached = f"{plan.objective.name} {'unknown' if value is None else f'{value:.7g} {unit}'}"
    if bound is None:
        return f"{reached}; {plan.certificate.method}"
    alone = word_alone(value, bound, plan.certificate.checked_bound) if plan.by_word and value is not None else ""
    gap = "none" if plan.gap is None else f"{plan.gap if plan.gap > NOTHING else 0:.2g}"
    return f"{reached}, no plan is below {bound:.7g} (gap {gap}){alone}; {plan.certificate.method}"


def word_alone(value: float, bound: float, checked: float | None) -> str:
    """Say what nothing is below apart from the solver's word, where that is less.

    Parameters
    ----------
    value, bound
        The plan's objective and what no plan is below, in one unit.
    checked
        The part of the bound that was checked, in that unit; None: nothing is said.

    Returns
    -------
    str
        An insertion after the gap, empty where both bounds are the same.
    """
    if checked is None or bound - checked <= CHECKED * abs(bound):
        return ""
    gap = relative_gap(value, checked)
    return f", by the solver's word; below {checked:.7g} (gap {gap:.2g}) whatever it says"


def fleet_table(plans: Sequence[Plan]) -> Sheet:
    """One row an instance, for several instances in one command."""
    titles = ("instance", "status", "objective", "gap", "USD per million", "accuracy", "worst ms", "mean ms", "s")
    rows = []
    for plan in plans:
        metrics = plan.metrics
        row = (
            plan.instance,
            plan.status,
            "" if plan.objective.value is None else f"{plan.objective.value:.6g} {plan.objective.unit}",
            "" if plan.gap is None else f"{plan.gap:.1e}",
            "" if metrics is None else f"{metrics.cost_usd_per_request * 1e6:.4g}",
            "" if metrics is None or metrics.accuracy is None else f"{metrics.accuracy:.4f}",
            "" if metrics is None else f"{metrics.latency_worst_ms:.4g}",
            "" if metrics is None else f"{metrics.latency_mean_ms:.4g}",
            f"{plan.seconds:.2f}",
        )
        rows.append(row)
    return Sheet(titles, rows, left=("instance", "status"), folds=("instance",))


def usd(amount: float) -> str:
    """Write an amount of money with enough digits to tell it from zero."""
    if amount == 0:
        return "$0"
    return f"${amount:,.2f}" if abs(amount) >= 1 else f"${amount:.4g}"
