"""The exact value of a plan by the original nonlinear formulas: the witness that shares nothing with the model.

Nothing here is scaled, linearised or relaxed, and nothing is imported from `formulations`. A plan is walked stage by
stage as a request would walk it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from serflow_opt.decision import Decision, decision_of
from serflow_opt.instance import Instance, Link, Option
from serflow_opt.plan import (
    Breach,
    Machines,
    Metrics,
    PlanDocument,
    StageReport,
)

TOLERANCE = 1e-9
"""Limits count as kept, and shares and machine loads as equal, within this: rounding noise of double precision."""
PERCENTILES = (50.0, 95.0, 99.0)
"""Reported for every plan, beside the one asked for."""


@dataclass(slots=True)
class _Walk:
    """What a request meets on its way, by stage."""

    reach: list[float] = field(default_factory=list)
    leave: list[float] = field(default_factory=list)
    right: list[float] = field(default_factory=list)
    wait_s: list[float] = field(default_factory=list)
    cold_s: list[float] = field(default_factory=list)
    mean_cold_s: list[float] = field(default_factory=list)
    compute_s: list[float] = field(default_factory=list)


def evaluate(instance: Instance, plan: PlanDocument | Decision | Mapping[str, object]) -> Metrics:
    """Return the exact metrics of a plan.

    Parameters
    ----------
    instance
        The problem.
    plan
        A decision, a plan, or its document as `solve --json` prints it.

    Returns
    -------
    Metrics
        Accuracy, latencies (ms), cost (USD), reach and exit shares, and `breaches`: the limits the plan breaks.

    Raises
    ------
    InputError
        When the plan does not fit the instance: unknown options, stages missing, moves up the list, links missing.
    """
    decision = decision_of(instance, plan)
    options = [instance.options[p] for p in decision.options]
    walk = _walk(instance, options, decision.weights)
    clock = _clock(walk)
    cost, machines = _cost(instance, options, walk)
    known = instance.accuracy_known
    accuracy = math.fsum(walk.right) if known else None
    quantiles = {*PERCENTILES, *([instance.quantile * 100] if instance.quantile else [])}
    metrics = Metrics(
        accuracy=accuracy,
        latency_worst_ms=clock[-1] * 1000,
        latency_mean_ms=_mean_latency(walk) * 1000,
        latency_percentiles_ms={f"p{q:g}": _percentile(walk, clock, q / 100) * 1000 for q in sorted(quantiles)},
        cost_usd_per_request=cost,
        cost_usd_per_hour=None if instance.rate_per_s is None else cost * instance.rate_per_s * 3600,
        reach=walk.reach,
        exit_share=walk.leave,
        machines=machines,
        stages=[
            StageReport(
                stage=s + 1,
                tier=instance.tiers[option.tier].name,
                option=option.name,
                reach=walk.reach[s],
                exit_share=walk.leave[s],
                compute_ms=walk.compute_s[s] * 1000,
                handover_ms=walk.wait_s[s] * 1000,
                cold_start_ms=walk.cold_s[s] * 1000,
                finished_ms=clock[s] * 1000,
            )
            for s, option in enumerate(options)
        ],
        breaches=[],
    )
    metrics.breaches.extend(_breaches(instance, decision, metrics))
    return metrics


def _walk(instance: Instance, options: Sequence[Option], weights: Sequence[Sequence[float]]) -> _Walk:
    walk = _Walk()
    reach = 1.0
    for s, option in enumerate(options):
        menu = instance.menus[s]
        rate = math.fsum(w * e for w, e in zip(weights[s], menu.exit_rates, strict=True))
        mass = math.fsum(
            w * e * r for w, e, r in zip(weights[s], menu.exit_rates, menu.accuracies, strict=True) if w * e > 0
        )
        previous = options[s - 1] if s else None
        link = _link_before(instance, s, previous, option)
        size = instance.received_bytes(s)
        begins = previous is not option
        function = instance.tiers[option.tier].kind == "function"
        cold = option.cold_start_s if function and begins and option.cold_share > 0 else 0.0
        walk.reach.append(reach)
        walk.leave.append(reach * rate)
        walk.right.append(reach * mass)
        walk.wait_s.append(link.seconds(size) if link else 0.0)
        walk.cold_s.append(cold)
        walk.mean_cold_s.append(cold * option.cold_share)
        walk.compute_s.append(option.stage_seconds[s])
        reach *= 1 - rate
    return walk


def _link_before(instance: Instance, s: int, previous: Option | None, option: Option) -> Link | None:
    if previous is None:
        return instance.links.get((instance.source, instance.tiers[option.tier].name))
    if previous.tier == option.tier:
        return None
    return instance.links[instance.tiers[previous.tier].name, instance.tiers[option.tier].name]


def _clock(walk: _Walk) -> list[float]:
    """Seconds from the start to the end of each stage, cold starts whole (survey 2.2.3 (2))."""
    clock, now = [], 0.0
    for wait, cold, compute in zip(walk.wait_s, walk.cold_s, walk.compute_s, strict=True):
        now += wait + cold + compute
        clock.append(now)
    return clock


def _mean_latency(walk: _Walk) -> float:
    """Survey 2.2.1 (1), each term times the reach of its stage, in seconds."""
    return math.fsum(
        reach * (wait + cold + compute)
        for reach, wait, cold, compute in zip(walk.reach, walk.wait_s, walk.mean_cold_s, walk.compute_s, strict=True)
    )


def _percentile(walk: _Walk, clock: Sequence[float], quantile: float) -> float:
    """The time after which at most 1 - quantile of the requests are still inside, in seconds."""
    inside = [*walk.reach[1:], 0.0]
    return next(t for t, left in zip(clock, inside, strict=True) if left <= 1 - quantile + TOLERANCE)


def _cost(instance: Instance, options: Sequence[Option], walk: _Walk) -> tuple[float, list[Machines]]:
    """USD per request in the instance's accounting, and the machines rented (reserved)."""
    if instance.accounting == "as-printed":
        return _as_printed(instance, options, walk), []
    usd: list[float] = []
    busy: dict[int, float] = {}
    machine: dict[int, Option] = {}
    for s, option in enumerate(options):
        reach, size = walk.reach[s], instance.received_bytes(s)
        previous = options[s - 1] if s else None
        link = _link_before(instance, s, previous, option)
        if link is not None:
            usd.append(link.usd_per_byte * size * reach)
            if previous is not None and instance.tiers[previous.tier].pays_for_waiting:
                busy[id(previous)] += walk.wait_s[s] * reach
        if instance.tiers[option.tier].kind == "function":
            if previous is not option:
                usd.append(reach * (option.usd_per_request + option.usd_per_s * walk.mean_cold_s[s]))
            usd.append(option.usd_per_s * walk.compute_s[s] * reach)
        else:
            machine[id(option)] = option
            busy[id(option)] = busy.get(id(option), 0.0) + walk.compute_s[s] * reach
    if instance.accounting == "per-request":
        usd += [machine[key].usd_per_s * seconds for key, seconds in busy.items()]
        return math.fsum(usd), []
    assert instance.rate_per_s is not None
    machines = []
    for key, seconds in busy.items():
        load = instance.rate_per_s * seconds / instance.utilisation_cap
        count = math.ceil(load * (1 - TOLERANCE))
        option = machine[key]
        usd.append(count * option.usd_per_s / instance.rate_per_s)
        machines.append(
            Machines(
                tier=instance.tiers[option.tier].name,
                option=option.name,
                count=count,
                utilisation=instance.rate_per_s * seconds / count if count else 0.0,
                usd_per_hour=count * option.usd_per_s * 3600,
            )
        )
    return math.fsum(usd), machines


def _as_printed(instance: Instance, options: Sequence[Option], walk: _Walk) -> float:
    """Survey 2.2.3 (1), (5), (6): C_I T_I Σ_{<=cut} β + C_F T_F Σ_{>cut} β."""
    cut = sum(option.tier == 0 for option in options)
    last = len(options)
    exits_before = math.fsum(walk.leave[:cut])
    exits_after = math.fsum(walk.leave[cut:])
    cost = 0.0
    if cut > 0:
        handover = walk.wait_s[cut] if cut < last else 0.0
        cost += options[0].usd_per_s * (math.fsum(walk.compute_s[:cut]) + handover) * exits_before
    if cut < last:
        second = options[cut]
        cost += second.usd_per_s * (math.fsum(walk.compute_s[cut:]) + second.cold_start_s) * exits_after
    return cost


def _breaches(instance: Instance, decision: Decision, metrics: Metrics) -> list[Breach]:
    """List limits that are broken by more than the tolerance, relative to the limit."""
    checks: list[tuple[str, float, float, bool]] = []
    breaches = []
    if instance.accuracy_min is not None and metrics.accuracy is not None:
        checks.append(("accuracy_min", metrics.accuracy, instance.accuracy_min, True))
    if instance.latency_slo_s is not None:
        checks.append(
            ("latency_slo_ms", metrics.latency_ms(instance.latency_measure), instance.latency_slo_s * 1000, False)
        )
    for p in sorted(set(decision.options)):
        option = instance.options[p]
        if option.memory_bytes is not None:
            used = _memory_bytes(instance, decision, p)
            checks.append((f"memory of {option.name}", used, option.memory_bytes, False))
    for name, value, limit, floor in checks:
        excess = (limit - value if floor else value - limit) / max(abs(limit), 1e-300)
        if excess > TOLERANCE:
            breaches.append(Breach(limit=name, value=value, bound=limit, excess=excess))
    for s, p in enumerate(decision.options):
        tier = instance.tiers[instance.options[p].tier]
        came_from = instance.tiers[instance.options[decision.options[s - 1]].tier].name if s else instance.source
        size, most = instance.received_bytes(s), tier.payload_max_bytes
        if most is not None and came_from != tier.name and size > most:
            breaches.append(Breach(limit=f"payload of {tier.name}", value=size, bound=most, excess=size / most - 1))
    return breaches


def _memory_bytes(instance: Instance, decision: Decision, p: int) -> float:
    """Parameters of all stages on an option plus the largest activation it makes or receives, bytes."""
    mine = [s for s, q in enumerate(decision.options) if q == p]
    largest = max(max(instance.received_bytes(s), instance.stages[s].activation_bytes) for s in mine)
    return math.fsum(instance.stages[s].parameter_bytes for s in mine) + largest
