"""Deployments, schedules, simulations and comparisons as people want to read them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from serflow_opt.ground.sheet import Sheet, facts_table
from serflow_opt.problem.tariffs import HOURS_PER_MONTH
from serflow_opt.report.plan import usd, word_alone

if TYPE_CHECKING:
    from serflow_opt.traffic.confirm.result import Confirmation
    from serflow_opt.traffic.control.compare import Comparison
    from serflow_opt.traffic.provision.result import Deployment, Part
    from serflow_opt.traffic.schedule.result import Schedule
    from serflow_opt.traffic.simulate.result import Simulation

_VERDICT = {
    "optimal": ("proven optimal", "bold green"),
    "feasible": ("not proven: stopped at a limit", "bold yellow"),
    "infeasible": ("proven infeasible", "bold red"),
    "no_solution": ("stopped before anything was found", "bold red"),
}

_OVERRULED = ("proven by the formula, changed by the simulation", "bold yellow")
"""Where a simulation came to other counts than the formula that was proven."""
FEW_LATE = 0.002
"""Share of late requests below which shares are told to more digits."""
_WHY_LOST = {"no machine": "no machine was there, and no function beside it"}
"""Reasons of dropped requests, where they need more words."""


def deployment_table(deployment: Deployment) -> RenderableType:
    """Blocks, what they rent, how traffic splits, where it would change, and what is proven."""
    overruled = deployment.status == "feasible" and deployment.reason
    verdict, style = _OVERRULED if overruled else _VERDICT[deployment.status]
    if deployment.status == "optimal" and deployment.proven_where:
        verdict, style = f"{verdict} {deployment.proven_where}", "bold yellow"
    demand = deployment.demand
    rate = f"{demand.mean:.4g} requests/s"
    if deployment.arrivals == "smooth":
        rate += ", evenly"
    if demand.peak > demand.mean:
        rate += f" on average, {demand.peak:.4g} at most"
    parts: list[RenderableType] = [
        Text.assemble(
            (deployment.instance, "bold"), f"  {rate}  ", (verdict, style), f"  in {deployment.seconds:.2f} s"
        )
    ]
    if not deployment.parts:
        said = [Text(f"proof of    {deployment.scope}")] if deployment.scope else []
        return Group(*parts, Text(f"  {deployment.reason}"), *said)
    rows = [row for part in deployment.parts for row in _rows(part)]
    titles = ("stages", "enter", "machines", "each takes", "busy", "function", "to function", "USD/h", "T-CIP", "S-CIP")
    parts.append(_table(titles, rows, left=("machines", "function")))
    hourly = deployment.usd_per_s * 3600
    leave = ", ".join(f"{c.stage}: {c.threshold:.4g}" for c in deployment.thresholds)
    batches = [
        f"{p.first}-{p.last}: {p.batch} within {p.batch_wait_s * 1000:.4g} ms, {p.batch_mean:.3g} on average"
        + (f", {p.function_batch} a call of the function" if p.machine and p.function else "")
        for p in deployment.parts
        if p.batch > 1
    ]
    random = deployment.arrivals == "random"
    spills = [f"{p.first}-{p.last}: {p.random_spill:.1%}" for p in deployment.parts if p.random_spill is not None]
    waits = [f"{p.first}-{p.last}: {p.random_wait:.2%}" for p in deployment.parts if p.random_wait is not None]
    facts = {
        "batches": "; ".join(batches),
        "leave at": f"confidence by stage {leave}" if leave else "",
        "cost": f"{usd(hourly)} an hour, {usd(hourly * HOURS_PER_MONTH)} a month, "
        f"{usd(deployment.usd_per_s / demand.mean * 1e6)} per million requests",
        "latency ms": f"worst {deployment.latency_worst_ms:.4g}, mean {deployment.latency_mean_ms:.4g}"
        + (f" with {deployment.latency_wait_ms:.3g} of waiting" if deployment.latency_wait_ms >= 5e-4 else "")
        + ("" if math.isnan(deployment.on_time) else f", {deployment.on_time:.4%} in time"),
        "accuracy": "" if deployment.accuracy is None else f"{deployment.accuracy:.4f}",
        "find no room": f"{', '.join(spills)} (at random, at the mean rate)" if spills and random else "",
        "wait": f"{', '.join(waits)} (at random, at the mean rate)" if waits and random else "",
    }
    facts["in queue"] = _queues(deployment) if random else ""
    facts["simulated"] = _simulated(deployment)
    facts["proven"] = deployment.reason
    facts["proof of"] = deployment.scope
    alone = word_alone(hourly, deployment.bound * 3600, deployment.checked_bound * 3600)
    of = f" {deployment.proven_where}" if deployment.proven_where else ""
    proof = (
        f"no deployment{of} is below {deployment.bound * 3600:.6g} USD/h (gap {deployment.gap:.2g}){alone}; "
        f"{deployment.method}"
    )
    return Group(*parts, _facts(facts), Text(proof))


def _queues(deployment: Deployment) -> str:
    """How many may wait beside a function."""
    own = [
        f"{p.first}-{p.last}: {', '.join(str(pool.queue_max or 0) for pool in p.pools or (p,))}"
        for p in deployment.parts
        if any(pool.queue_max for pool in p.pools or (p,))
    ]
    what = " batches" if any(p.batch > 1 and p.queue_max for p in deployment.parts) else ""
    return f"at most {', '.join(own)}{what}; others go to the function" if own else ""


def _simulated(deployment: Deployment) -> str:
    """What simulations say of the promise."""
    simulated = deployment.simulated
    if simulated is None:
        return ""
    said = [f"{_found(simulated.kept)}: {simulated.kept.said}"]
    for own in simulated.less:
        part = deployment.parts[own.block]
        which = f" on {part.pools[own.pool].machine}" if part.pools else ""
        said.append(f"a machine less in {part.first}-{part.last}{which}: {_found(own.found)}: {own.found.said}")
    return "; ".join([*said, simulated.changed] if simulated.changed else said)


def _found(found: Confirmation) -> str:
    if math.isnan(found.value):
        return found.note
    if found.target.measure == "mean":
        low, high, limit = (f"{x * 1000:.4g}" for x in (found.low, found.high, found.target.slo_s))
        return f"mean {low} to {high} ms of {limit} ({found.requests:,} requests)"
    digits = 2 if found.target.share >= FEW_LATE else 4
    low, high = f"{found.low:.{digits}%}", f"{found.high:.{digits}%}"
    return f"{low} to {high} late, {found.target.share:.3%} allowed ({found.requests:,} requests)"


def _rows(part: Part) -> list[tuple[str, ...]]:
    """One row a block, or one for each of its pools."""
    if not part.pools:
        return [_part(part)]
    block, pools = _part(part), [_part(own) for own in part.pools]
    tiers = len({own.machine_tier for own in part.pools}) > 1
    for n, (own, row) in enumerate(zip(part.pools, pools, strict=True)):
        named = f"{row[2]} ({own.machine_tier})" if tiers else row[2]
        pools[n] = (row[0], row[1], named, *row[3:8], *(("", "") if n else block[8:]))
    return pools


def _part(part: Part) -> tuple[str, ...]:
    cip = "" if part.t_cip is None or not math.isfinite(part.t_cip) else f"{part.t_cip:.4g}/s"
    return (
        f"{part.first}-{part.last}",
        f"{part.reach:.1%}, {part.rate:.4g}/s",
        f"{part.count} x {part.machine}" if part.machine else "-",
        _rate(part.machine_rate) if part.machine else "",
        f"{part.busy:.0%}" if part.count else "",
        part.function or "-",
        f"{part.spilled:.4g}/s" if part.function else "",
        f"{part.usd_per_s * 3600:.4g}",
        cip,
        "" if part.s_cip is None else f"{part.s_cip:.1%}",
    )


def _rate(rate: float) -> str:
    """Requests per second; machines that take no time take any."""
    return f"{rate:.4g}/s" if math.isfinite(rate) else "any"


def schedule_table(schedule: Schedule) -> RenderableType:
    """What the clairvoyant rents, block by block."""
    verdict, style = _VERDICT[schedule.status]
    head = Text.assemble(
        (schedule.service.name, "bold"),
        f"  {schedule.trace.name}, {schedule.trace.seconds / 3600:.4g} h in steps of {schedule.step_s:,.10g} s  ",
        (verdict, style),
        f"  in {schedule.seconds:.2f} s",
    )
    rows = []
    for own in schedule.blocks:
        block = schedule.service.blocks[own.block]
        hours: dict[str, float] = {}
        for rental in own.rentals:
            hours[rental.machine] = hours.get(rental.machine, 0.0) + (rental.to_s - rental.from_s) / 3600
        rented = ", ".join(f"{name} {h:.4g} h" for name, h in hours.items()) or "-"
        rows.append(
            (
                f"{block.first + 1}-{block.last + 1}",
                rented,
                f"{len(own.rentals):,}",
                f"{own.function_requests:,.0f}",
                usd(own.usd_machines),
                usd(own.usd_functions),
                *([f"{math.fsum(own.carbon_g.values()):.4g}"] if own.carbon_g else []),
                *([] if schedule.asked else [f"{own.gap:.2g}"]),
            )
        )
    carbon, asked = schedule.carbon_g, schedule.asked
    titles = ("stages", "machines", "orders", "on the function", "rent", "functions")
    titles += (*(["g CO2e"] if carbon else []), *([] if asked else ["gap"]))  # type: ignore[assignment]
    left = [f"{name} never better than {by}" for own in schedule.blocks for name, by in own.dropped.items()]
    alone = word_alone(schedule.value, schedule.bound, schedule.checked_bound)
    total = (
        f"{usd(schedule.usd)}, no schedule is below {usd(schedule.bound)} (gap {schedule.gap:.2g}){alone}; "
        f"{schedule.method}"
    )
    if asked is not None:
        least, bound = (_worth(x, asked.unit) for x in (asked.value, asked.bound))
        total = f"least {asked.words}: {least}, no schedule is below {bound} (gap {schedule.gap:.2g}){alone}; "
        total += f"{usd(schedule.usd)} in all; {schedule.method}"
    emits = [Text(f"carbon      {carbon_words(carbon, schedule.trace.requests)}")] if carbon else []
    emits += [Text(f"left out    {schedule.service.carbon_without}")] if schedule.service.carbon_without else []
    proof = Text(f"proof of    {schedule.scope}")
    dropped = map(Text, dict.fromkeys(left))
    return Group(head, _table(titles, rows, left=("machines",)), *dropped, Text(total), *emits, proof)


def _worth(value: float, unit: str) -> str:
    """A value with its unit."""
    return usd(value) if unit == "USD" else f"{value:.6g} {unit}"


def simulation_table(run: Simulation, events: Iterable[object] = ()) -> RenderableType:
    """Money, latency, where requests ran, and what went wrong."""
    ms = {q: run.percentile(q) * 1000 for q in (50, 95, 99, 99.9)}
    lost = {_WHY_LOST.get(reason, reason): count for reason, count in run.dropped.items() if count}
    per = run.usd_total / max(run.served, 1) * 1e6
    money = ", ".join(f"{name} {usd(part)}" for name, part in run.usd.items())
    facts = {
        "requests": f"{run.arrivals:,} came, {run.served:,} were answered"
        + "".join(f", {count:,} dropped ({reason})" for reason, count in lost.items()),
        "cost": f"{usd(run.usd_total)}: {money}; {usd(per)} per million answers",
        "carbon": carbon_words(run.carbon_g, run.arrivals),
        "left out": run.carbon_without,
        "latency ms": f"mean {_ms(run.latency_mean_s * 1000)}, " + ", ".join(f"p{q:g} {_ms(t)}" for q, t in ms.items()),
        "kept warm": _warm_calls(run),
        "in time": f"{run.kept:.4%}" + ("" if run.slo_s is None else f" within {run.slo_s * 1000:g} ms"),
        "accuracy": "" if run.accuracy is None else f"{run.accuracy:.4f}",
        "degraded": f"{run.degraded:,} requests in {run.degraded_s:,.0f} s met the second menu of thresholds"
        if run.degraded_s
        else "",
        "machines": f"{run.machine_seconds / 3600:.4g} hours billed in {len(run.rentals):,} rentals, "
        f"{run.utilisation:.0%} of their workers' time busy"
        + (f", {run.taken_away:,} taken away" if run.taken_away else ""),
    }
    batches = any(mean != 1 for mean in run.batch_mean)
    rows = [
        (
            f"{b + 1}",
            f"{run.entered[b]:,}",
            f"{run.by_machine[b]:,}",
            f"{run.by_function[b]:,}",
            f"{run.cold_starts[b]:,}",
            f"{run.throttled[b]:,}",
            *([f"{run.batch_mean[b]:.3g}"] if batches else []),
        )
        for b in range(len(run.entered))
    ]
    titles = ["block", "entered", "on machines", "on the function", "cold starts", "refused"]
    titles += ["mean batch"] if batches else []
    head = Text.assemble((run.service, "bold"), f"  {run.trace}  scaled by ", (run.policy, "bold"))
    said = [Text(f"at {at:,.0f} s: {text}", style="yellow") for at, text in run.policy_errors[:10]]
    said += [Text(str(event), style="yellow") for event in list(events)[:20]]
    return Group(head, _facts(facts), _table(titles, rows), *said)


def _warm_calls(run: Simulation) -> str:
    """What calls that keep environments warm did and cost; empty where there were none."""
    calls, cold = sum(run.warm_calls), sum(run.warm_cold)
    said = f"{calls:,} calls that keep functions warm, {cold:,} of them cold themselves, {usd(run.usd_warm)}"
    return said if calls else ""


def carbon_words(grams: Mapping[str, float], requests: float) -> str:
    """Say what is emitted, and by what; empty where it is not counted.

    Parameters
    ----------
    grams
        Of CO2e, by what emits them.
    requests
        That came.
    """
    if not grams:
        return ""
    total, of = math.fsum(grams.values()), ", ".join(f"{name} {part:.4g}" for name, part in grams.items())
    return f"{total:.5g} g CO2e: {of}; {total / max(requests, 1) * 1e6:.4g} g per million requests"


def comparison_table(comparison: Comparison) -> RenderableType:
    """A row a policy."""
    frame = comparison.to_frame()
    degraded, rows = bool(frame["degraded"].any()), []
    carbon = bool(frame["carbon_g"].notna().any())
    for record in frame.to_dict("records"):
        saving, above = record["saving_over_libra"], record["above_bound"]
        mark = " " if record["like_for_like"] else "*"
        rows.append(
            (
                record["policy"],
                str(record["blocks"]),
                usd(record["usd"]),
                usd(record["usd_machines"]),
                usd(record["usd_functions"]),
                *([f"{record['carbon_g']:.4g}"] if carbon else []),
                *(_ms(record[name]) for name in ("p50_ms", "p95_ms", "p99_ms")),
                f"{record['violations']:.3%}",
                f"{record['dropped']:.3%}",
                *([f"{record['degraded']:.2%}", f"{record['accuracy']:.4f}"] if degraded else []),
                f"{record['utilisation']:.0%}",
                "" if math.isnan(saving) else f"{saving:.1%}{mark}",
                "" if math.isnan(above) else f"{above:.1%}{mark}",
            )
        )
    titles = (
        "policy",
        "blocks",
        "cost",
        "machines",
        "functions",
        *(["g CO2e"] if carbon else []),
        "p50 ms",
        "p95 ms",
        "p99 ms",
        "late",
        "dropped",
        *(["degraded", "accuracy"] if degraded else []),
        "busy",
        "saves over LIBRA",
        "above the bound",
    )
    head = Text.assemble((comparison.instance, "bold"), f"  {comparison.trace}")
    bounds = [
        Text(
            f"with perfect foresight, {blocks} block{'s' * (blocks > 1)}: no less than {usd(found.bound)}"
            + word_alone(found.usd, found.bound, found.checked_bound)
        )
        for blocks, found in comparison.bounds.items()
    ]
    said = []
    if not frame["like_for_like"].all():
        said.append(Text("* late or dropped requests, or below the terms of the bound: do not compare by cost alone"))
    said += [Text(f"proof of    {scope}") for scope in dict.fromkeys(own.scope for own in comparison.bounds.values())]
    said += [Text(note, style="yellow") for note in comparison.notes]
    said += [Text(f"left out    {name}: {why}", style="yellow") for name, why in comparison.left_out.items()]
    return Group(head, _table(titles, rows, left=("policy",)), *bounds, *said)


def _ms(value: float) -> str:
    """Milliseconds in figures that can be read."""
    return "-" if math.isnan(value) else f"{value:,.0f}" if value >= 1000 else f"{value:.4g}"


def _table(titles: Iterable[str], rows: Iterable[tuple[str, ...]], left: Iterable[str] = ()) -> Sheet:
    words = tuple(left)
    return Sheet(tuple(titles), list(rows), left=words, folds=words)


def _facts(facts: dict[str, str]) -> RenderableType:
    return facts_table(facts.items())
