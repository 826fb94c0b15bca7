"""The document of `solve`, `evaluate` and `pareto` as a description."""

from __future__ import annotations

import math
from collections import Counter
from itertools import groupby

from serflow_opt.errors import InputError, Problem
from serflow_opt.export.description import DescribedBlock, Description
from serflow_opt.export.facts import Facts
from serflow_opt.plan.document import Machines, Metrics, Placement, Plan, PlanDocument

Key = tuple[str, str]


def describe_solved(plan: Plan, name: str, facts: Facts) -> Description:
    """Say what is to be started for a plan that places stages.

    Parameters
    ----------
    plan
        Of `solve`, `evaluate`, or one point of `pareto`.
    name
        Start of every name in what is written.
    facts
        What the plan's names stand for.

    Raises
    ------
    InputError
        When there is no plan, it does not place each stage once and in order, or a name in it is unknown.
    """
    if plan.plan is None:
        because = "; ".join(clash.message for clash in plan.infeasible_because)
        found = f"'{plan.status}': there is no plan to start{f' ({because})' if because else ''}"
        raise InputError([Problem(facts.file, "status", found, "relax the limits, or solve for longer")])
    metrics, limits = plan.metrics, plan.limits
    rate = _number(limits.get("rate_per_s"))
    if rate is None and facts.instance is not None:
        rate = facts.instance.rate_per_s
    notes = list(plan.notes)
    blocks = _blocks(plan.plan, metrics, rate, facts, notes)
    measure = limits.get("latency_measure")
    latency = {}
    if metrics is not None:
        notes += [f"the plan breaks its limit on {b.limit}: {b.value:g}, limit {b.bound:g}" for b in metrics.breaches]
        latency = {"worst": metrics.latency_worst_ms, "mean": metrics.latency_mean_ms, **metrics.latency_percentiles_ms}
    return Description(
        name=name,
        instance=plan.instance,
        source="solve",
        status=plan.status,
        requests_per_s=rate,
        peak_requests_per_s=rate,
        accuracy=metrics.accuracy if metrics else None,
        latency_ms=latency,
        latency_slo_ms=_number(limits.get("latency_slo_ms")),
        latency_measure=measure if isinstance(measure, str) else None,
        usd_per_hour=metrics.cost_usd_per_hour if metrics else None,
        thresholds=plan.plan.thresholds,
        handovers=plan.plan.handovers,
        variants=plan.plan.variants,
        blocks=blocks,
        notes=notes,
    )


def _blocks(
    plan: PlanDocument, metrics: Metrics | None, rate: float | None, facts: Facts, notes: list[str]
) -> list[DescribedBlock]:
    """Put neighbours on the same option together."""
    if [entry.stage for entry in plan.placement] != list(range(1, len(plan.placement) + 1)) or not plan.placement:
        found = f"stages {[entry.stage for entry in plan.placement]}"
        raise InputError([Problem(facts.file, "plan.placement", found, "place each stage once, from 1, in order")])
    stages = {report.stage: report for report in metrics.stages} if metrics else {}
    rented = {(m.tier, m.option): m for m in metrics.machines} if metrics else {}
    runs = [list(run) for _, run in groupby(plan.placement, key=_key)]
    times = Counter(_key(run[0]) for run in runs)
    blocks = []
    for run in runs:
        entry, key = run[0], _key(run[0])
        place = f"plan.placement[{entry.stage}]"
        own = [stages[e.stage] for e in run if e.stage in stages]
        kind = facts.kind(entry.option, entry.tier, place, key in rented)
        requests = rate * own[0].reach if rate is not None and own else None
        block = DescribedBlock(first=entry.stage, last=run[-1].stage, requests_per_s=requests)
        if kind == "device":
            block.device = entry.option
        elif kind == "function":
            busy_s = math.fsum(stage.reach * (stage.compute_ms + stage.coding_ms) / 1000 for stage in own)
            at_once = rate * busy_s if rate is not None and own else None
            block.function = facts.function(entry.option, entry.tier, place, requests, at_once)
        else:
            fleet = _fleet(rented.get(key), times[key], notes)
            busy = fleet.utilisation if fleet else None
            block.machine = facts.machine(entry.option, entry.tier, place, fleet.count if fleet else None, busy)
        blocks.append(block)
    return blocks


def _fleet(rented: Machines | None, runs: int, notes: list[str]) -> Machines | None:
    """Return what is rented for a block; a count that several blocks share says nothing about one of them."""
    if rented is None or rented.count < 1:
        return None
    if runs > 1:
        note = f"{rented.count} x {rented.option} serve {runs} blocks together: share them out"
        notes += [] if note in notes else [note]
        return None
    return rented


def _key(entry: Placement) -> Key:
    return entry.tier, entry.option


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
