"""A plan of placement: where stages run, what it costs, what its limits leave, what is proven."""

from __future__ import annotations

from collections.abc import Iterator

from serflow_opt.pages.markup import Markup, facts, join, section, table, tag, tiles
from serflow_opt.pages.network import network
from serflow_opt.plan.document import Metrics, Plan
from serflow_opt.problem.tariffs import HOURS_PER_MONTH
from serflow_opt.report.plan import adaptations, proof_line, stage_table, usd, verdict_of, why_not


def plan_sections(plan: Plan) -> Markup:
    """Return all that there is to say of a plan, or why there is none."""
    said, good = verdict_of(plan)
    badge = tag("p", tag("strong", said, class_="good" if "green" in good else "bad"), f" in {plan.seconds:.2f} s")
    if plan.metrics is None:
        lines = [tag("li", line) for line in why_not(plan)]
        return join([badge, section("Why there is no plan", tag("ul", *lines) if lines else None), _proof(plan)])
    metrics = plan.metrics
    sheet = stage_table(plan, metrics)
    money = [
        ("per request", usd(metrics.cost_usd_per_request)),
        ("accounting", str(plan.limits.get("accounting") or "")),
    ]
    machines = [
        (f"{own.count} x {own.option}", own.tier, f"{own.utilisation:.0%}", usd(own.usd_per_hour))
        for own in metrics.machines
    ]
    rented = table(("machines", "tier", "busy", "an hour"), machines, ("machines", "tier"), "Machines")
    return join(
        [
            badge,
            tiles(_tiles(plan, metrics)),
            section("Network", network(metrics)),
            section("Stages", table(sheet.titles, sheet.rows, sheet.left, "Stages of the network")),
            section("Money", facts([*money, *_hourly(plan, metrics)]), rented if machines else None),
            section("Limits", _limits(plan, metrics)),
            section("What crosses links", facts(adaptations(plan, metrics))),
            _proof(plan),
        ]
    )


def _tiles(plan: Plan, metrics: Metrics) -> Iterator[tuple[str, str]]:
    yield "per million requests", usd(metrics.cost_usd_per_request * 1e6)
    if metrics.cost_usd_per_hour is not None:
        yield "an hour", usd(metrics.cost_usd_per_hour)
    yield "ms in the worst case", f"{metrics.latency_worst_ms:.4g}"
    yield "ms on average", f"{metrics.latency_mean_ms:.4g}"
    yield "accuracy", "" if metrics.accuracy is None else f"{metrics.accuracy:.4f}"
    yield "privacy loss", f"{metrics.privacy_loss:.4g}" if metrics.privacy_loss else ""
    yield "J a request", f"{metrics.energy_j_per_request:.4g}" if metrics.energy_j_per_request else ""
    grams = metrics.carbon_g_per_request
    yield "g CO2e per million", "" if grams is None else f"{grams * 1e6:.4g}"


def _hourly(plan: Plan, metrics: Metrics) -> Iterator[tuple[str, str]]:
    if metrics.cost_usd_per_hour is not None:
        rate = f" at {plan.limits['rate_per_s']:g} requests a second" if plan.limits.get("rate_per_s") else ""
        yield "an hour", usd(metrics.cost_usd_per_hour) + rate
        yield "a month", usd(metrics.cost_usd_per_hour * HOURS_PER_MONTH)
    for bill in metrics.egress:
        yield f"egress {bill.name} a month", f"{usd(bill.usd_per_month)} for {bill.gb_per_month:,.4g} GB"


def _limits(plan: Plan, metrics: Metrics) -> Markup | None:
    """Each limit as a bar of how much of it is used."""
    measure = str(plan.limits.get("latency_measure") or "worst")
    reached = (
        ("accuracy at least", "accuracy_min", metrics.accuracy, ""),
        (f"latency ({measure}) at most", "latency_slo_ms", metrics.latency_ms(measure), " ms"),
        ("cost at most", "cost_max_usd", metrics.cost_usd_per_request, " USD"),
        ("energy at most", "energy_max_j", metrics.energy_j_per_request, " J"),
        ("carbon at most", "carbon_max_g", metrics.carbon_g_per_request or 0.0, " g"),
        ("privacy loss at most", "privacy_max", metrics.privacy_loss, ""),
    )
    broken = {breach.limit for breach in metrics.breaches}
    rows = []
    for name, key, value, unit in reached:
        limit = plan.limits.get(key)
        if not isinstance(limit, int | float) or isinstance(limit, bool) or value is None:
            continue
        used = min(1.0, value / limit if limit else 1.0)
        bar = tag("rect", width=100 * used, height=8, class_="c1" if key in broken else "c0")
        rail = tag("rect", width=100, height=8, class_="rail")
        meter = tag(
            "svg", rail, bar, viewBox="0 0 100 8", preserveAspectRatio="none", class_="meter", aria_hidden="true"
        )
        rows.append(tag("li", f"{name} {limit:.6g}{unit}: ", tag("b", f"{value:.6g}{unit}"), meter))
    rows += [
        tag("li", tag("strong", f"broken: {own.limit}, {own.value:.6g} against {own.bound:.6g}", class_="bad"))
        for own in metrics.breaches
    ]
    return tag("ul", *rows, class_="limits") if rows else None


def _proof(plan: Plan) -> Markup:
    return section(
        "Proof",
        tag("p", proof_line(plan)),
        tag("p", f"Proof of: {plan.certificate.scope}") if plan.certificate.scope else None,
        *(tag("p", f"Note: {note}") for note in plan.notes),
    )
