"""The exact value of a plan by the original nonlinear formulas: the witness that shares nothing with the model.

Nothing here is scaled, linearised or relaxed, and nothing is imported from `formulations`. A plan is walked stage by
stage as a request would walk it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate

from serflow_opt.ground.tolerances import SMALLEST, TOLERANCE
from serflow_opt.plan.batched import blocks_of, filling, paid
from serflow_opt.plan.document import Breach, Crossing, Machines, Metrics, StageReport
from serflow_opt.plan.emitted import emitted
from serflow_opt.plan.names import Given, resolve
from serflow_opt.plan.samples import at_thresholds
from serflow_opt.plan.transferred import beyond_sent_limits, egress_of, usd_per_request
from serflow_opt.plan.walk import Step, walk
from serflow_opt.problem.given import on_instance
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.offers import Option

PERCENTILES = (50.0, 95.0, 99.0)
"""Reported for every plan, beside the one asked for."""


@on_instance
def evaluate(instance: Instance, plan: Given) -> Metrics:
    """Return the exact metrics of a plan.

    Parameters
    ----------
    instance
        The problem.
    plan
        A decision, a plan, its document as `solve --json` prints it, or the path of one.

    Returns
    -------
    Metrics
        Accuracy, latencies (ms), cost (USD), privacy loss, energy (J), carbon (g), reach and exit shares, and
        `breaches`: the limits the plan breaks.

    Raises
    ------
    InputError
        When the plan does not fit the instance: unknown options, stages missing, moves up the list, links missing.
    """
    instance, decision = resolve(instance, plan)
    instance = at_thresholds(instance, decision)
    steps = walk(instance, decision)
    clock = list(accumulate(step.whole_s for step in steps))
    cost, machines = paid(instance, steps) if decision.batches else _cost(instance, steps)
    bills = egress_of(instance, steps)
    cost += usd_per_request(instance, bills)
    grams = None if decision.batches else emitted(instance, steps, machines)
    accuracy = math.fsum([step.right for step in steps] + [-step.lost for step in steps])
    unreached = len(instance.stages) - len(steps)
    quantiles = {*PERCENTILES, *([instance.quantile * 100] if instance.quantile else [])}
    done = sorted(_times(steps), reverse=True)
    metrics = Metrics(
        accuracy=accuracy if instance.accuracy_known else None,
        latency_worst_ms=clock[-1] * 1000,
        latency_mean_ms=math.fsum(step.mean_s for step in steps) * 1000,
        latency_percentiles_ms={
            f"p{q:g}": _percentile(instance, steps, done, q / 100) * 1000 for q in sorted(quantiles)
        },
        cost_usd_per_request=cost,
        cost_usd_per_hour=None if instance.rate_per_s is None else cost * instance.rate_per_s * 3600,
        privacy_loss=_privacy_loss(instance, steps),
        energy_j_per_request=_energy(steps),
        carbon_g_per_request=grams,
        carbon_g_per_hour=None if grams is None or instance.rate_per_s is None else grams * instance.rate_per_s * 3600,
        crossings=[_crossing(instance, step) for step in steps if step.link is not None],
        reach=[step.reach for step in steps] + [0.0] * unreached,
        exit_share=[step.leave for step in steps] + [0.0] * unreached,
        machines=machines,
        stages=[
            StageReport(
                stage=step.stage + 1,
                tier=step.tier.name,
                option=step.option.name,
                reach=step.reach,
                exit_share=step.leave,
                compute_ms=step.compute_s * 1000,
                handover_ms=step.wait_s * 1000,
                cold_start_ms=step.cold_s * 1000,
                coding_ms=(step.encode_s + step.decode_s) * 1000,
                finished_ms=finished * 1000,
                gathering_ms=step.gather_s * 1000,
            )
            for step, finished in zip(steps, clock, strict=True)
        ],
        breaches=[],
        egress=bills,
    )
    metrics.breaches.extend(_breaches(instance, steps, metrics))
    return metrics


def _percentile(
    instance: Instance, steps: Sequence[Step], done: Sequence[tuple[float, float]], quantile: float
) -> float:
    """A time within which a share `quantile` of the requests is done, in seconds; `done` are all times, falling.

    Fixed stage times: the time after which at most 1 - quantile of the requests are still inside; of those that a
    function takes, a share meets its cold start. Random ones: of a request that goes all the way and meets every cold
    start, mean + k standard deviations, k by the distribution assumed.
    """
    if instance.tail != "fixed":
        k = replace(instance, latency_measure=f"p{quantile * 100!r}").deviations or 0.0
        return math.fsum(step.whole_s for step in steps) + k * math.sqrt(math.fsum(step.sd_s**2 for step in steps))
    late = 0.0
    for seconds, share in done:
        late += share
        if late > 1 - quantile + TOLERANCE:
            return seconds
    return done[-1][0]


def _times(steps: Sequence[Step]) -> list[tuple[float, float]]:
    """When requests are done, seconds, and which share of them: by the stage they leave at and cold starts they met.

    A request meets the cold start of each function it comes to with the probability `cold_share`, independently.
    """
    clock, delays, times = 0.0, {0.0: 1.0}, []
    for step in steps:
        certain = step.cold_share >= 1
        clock += step.whole_s if certain else step.warm_s
        if step.cold_s > 0 and not certain:
            met: dict[float, float] = {}
            for delay, share in delays.items():
                met[delay] = met.get(delay, 0.0) + share * (1 - step.cold_share)
                met[delay + step.cold_s] = met.get(delay + step.cold_s, 0.0) + share * step.cold_share
            delays = met
        times += [(clock + delay, step.leave * share) for delay, share in delays.items() if step.leave > 0]
    return times


def _cost(instance: Instance, steps: Sequence[Step]) -> tuple[float, list[Machines]]:
    """USD per request in the instance's accounting, and the machines rented (reserved)."""
    if instance.accounting == "as-printed":
        return _as_printed(steps), []
    usd: list[float] = []
    busy: dict[int, float] = {}
    machine: dict[int, Option] = {}

    def work(option: Option, seconds: float) -> None:
        """Count seconds of work per request, and pay for them where use is paid."""
        if instance.tiers[option.tier].kind == "function":
            usd.append(option.usd_per_s * seconds)
        else:
            machine[id(option)] = option
            busy[id(option)] = busy.get(id(option), 0.0) + seconds

    for step in steps:
        if step.link is not None:
            usd.append(step.link.usd_per_byte * (step.sent_bytes + step.back_bytes) * step.load)
            if step.sender is not None and step.sender_tier is not None:
                work(step.sender, step.encode_s * step.load)
                if step.sender_tier.pays_for_waiting:
                    work(step.sender, step.wait_s * step.load)
        if step.tier.kind == "function" and step.begins:
            usd.append(step.load * step.entering_usd)
        work(step.option, (step.decode_s + step.compute_s) * step.load)
    if instance.accounting == "per-request":
        usd += [machine[key].usd_per_s * seconds for key, seconds in busy.items()]
        return math.fsum(usd), []
    assert instance.rate_per_s is not None
    machines = []
    for key, seconds in busy.items():
        option = machine[key]
        load = instance.rate_per_s * seconds / instance.utilisation_cap / option.workers
        count = math.ceil(load * (1 - TOLERANCE))
        usd.append(count * option.rent_per_s / instance.rate_per_s)
        machines.append(
            Machines(
                tier=instance.tiers[option.tier].name,
                option=option.name,
                count=count,
                utilisation=instance.rate_per_s * seconds / count / option.workers if count else 0.0,
                usd_per_hour=count * option.rent_per_s * 3600,
                carbon_g_per_hour=None if option.emissions is None else count * option.emissions.on_g_per_s * 3600,
            )
        )
    return math.fsum(usd), machines


def _as_printed(steps: Sequence[Step]) -> float:
    """The cost as printed, survey 2.2.3 (1): C_I T_I Σ_{<=cut} β + C_F T_F Σ_{>cut} β."""
    first = [step for step in steps if step.option.tier == 0]
    second = [step for step in steps if step.option.tier != 0]
    cost = 0.0
    if first:
        handover = second[0].wait_s if second else 0.0
        seconds = math.fsum(step.compute_s for step in first) + handover
        cost += first[0].option.usd_per_s * seconds * math.fsum(step.leave for step in first)
    if second:
        option = second[0].option
        seconds = math.fsum(step.compute_s for step in second) + option.cold_start_s
        cost += option.usd_per_s * seconds * math.fsum(step.leave for step in second)
    return cost


def _privacy_loss(instance: Instance, steps: Sequence[Step]) -> float:
    """The leak of survey 2.2.2 (1) over what crosses links, by the share that crosses."""
    return math.fsum(step.load * leak_of(instance, step) for step in steps)


def leak_of(instance: Instance, step: Step) -> float:
    """What leaks of a request that comes to a stage, on its way there."""
    return 0.0 if step.link is None else instance.leak(step.way, step.link)


def _energy(steps: Sequence[Step]) -> float:
    """Joules per request: operations where they are done, bytes where they are sent."""
    return math.fsum(step.load * joules_of(step) for step in steps)


def joules_of(step: Step) -> float:
    """Joules of a request that comes to a stage, on its way there and in it."""
    per_flop = step.option.joules_per_flop
    joules = [per_flop * step.flops]
    if step.link is not None:
        joules.append(per_flop * step.coding * step.way.decode_flops)
        if step.sender is not None:
            joules.append(step.sender.joules_per_flop * step.coding * step.way.encode_flops)
        if step.sender_tier is not None:
            joules.append(step.sender_tier.joules_per_byte * step.sent_bytes)
        joules.append(step.tier.joules_per_byte * step.back_bytes)
    return math.fsum(joules)


def _crossing(instance: Instance, step: Step) -> Crossing:
    assert step.link is not None
    return Crossing.model_validate(
        {
            "before_stage": step.stage + 1,
            "from": step.sender_tier.name if step.sender_tier else instance.source,
            "to": step.tier.name,
            "trusted": step.link.trusted,
            "bytes": step.sent_bytes,
            "reach": step.load,
            "mse": step.way.mse,
            "leak": 0.0 if step.link.trusted else step.way.leak,
        }
    )


def _breaches(instance: Instance, steps: Sequence[Step], metrics: Metrics) -> list[Breach]:
    """List limits that are broken by more than the tolerance, relative to the limit."""
    checks: list[tuple[str, float, float | None, bool]] = filling(instance, steps)
    checks += beyond_sent_limits(instance, steps)
    breaches = []
    if metrics.accuracy is not None:
        checks.append(("accuracy_min", metrics.accuracy, instance.accuracy_min, True))
    if instance.latency_slo_s is not None:
        checks.append(
            ("latency_slo_ms", metrics.latency_ms(instance.latency_measure), instance.latency_slo_s * 1000, False)
        )
    checks += [
        ("cost_max_usd", metrics.cost_usd_per_request, instance.cost_max_usd, False),
        ("energy_max_j", metrics.energy_j_per_request, instance.energy_max_j, False),
        ("carbon_max_g", metrics.carbon_g_per_request or 0.0, instance.carbon_max_g, False),
        ("privacy_max", metrics.privacy_loss, instance.privacy_max, False),
    ]
    asked = instance.privacy
    for step in steps:
        if step.sender_tier is not step.tier:
            checks.append((f"payload of {step.tier.name}", step.sent_bytes, step.tier.payload_max_bytes, False))
        if step.link is None:
            continue
        if not step.link.trusted:
            checks.append(("mse_min", step.way.mse or 0.0, asked.mse_min, True))
        if step.way.cross_entropy is not None:
            checks.append(("cross_entropy_max", step.way.cross_entropy, asked.cross_entropy_max, False))
    if instance.ramps_max is not None:
        on = sum(step.variant.ramp for step in steps if step.variant)
        checks.append(("ramps_max", float(on), instance.ramps_max, False))
    for number, rule in enumerate(instance.rules, start=1):
        broken = sum(not rule.allows(step.stage, instance.words(step.option)) for step in steps)
        if broken:
            breaches.append(Breach(limit=f"rule {number}", value=float(broken), bound=0.0, excess=1.0))
    for run in _runs(steps):
        first, last, option = run[0].stage + 1, run[-1].stage + 1, run[0].option
        place = f"stage {first}" if first == last else f"stages {first} to {last}"
        seconds = math.fsum(step.compute_s for step in run)
        checks.append((f"run time of {option.name} at {place}", seconds, option.run_max_s, False))
    used = list({id(step.option): step.option for step in steps}.values())
    for option in used:
        held = max(_memory_bytes(instance, own) for own in _apart(steps, option))
        checks.append((f"memory of {option.name}", held, option.memory_bytes, False))
    for option in used if instance.machines_scarce else ():
        tier = instance.tiers[option.tier].name
        count = sum(own.count for own in metrics.machines if (own.tier, own.option) == (tier, option.name))
        checks.append((f"machines of {option.name}", float(count), instance.machines_max(option), False))
    for name, value, limit, floor in checks:
        if limit is None:
            continue
        excess = (limit - value if floor else value - limit) / max(abs(limit), SMALLEST)
        if excess > TOLERANCE:
            breaches.append(Breach(limit=name, value=value, bound=limit, excess=excess))
    return breaches


def _runs(steps: Sequence[Step]) -> list[list[Step]]:
    """Part the steps where the option changes, or a batch ends: a function is called once for each part."""
    runs: list[list[Step]] = []
    for step in steps:
        if runs and not step.begins:
            runs[-1].append(step)
        else:
            runs.append([step])
    return runs


def _apart(steps: Sequence[Step], option: Option) -> list[list[Step]]:
    """Part the steps on an option by the machines that run them: each block of batches has its own."""
    mine = [step for step in steps if step.option is option]
    return blocks_of(mine) if mine[0].block is not None else [mine]


def _memory_bytes(instance: Instance, mine: Sequence[Step]) -> float:
    """Parameters of stages that run together plus the largest activation they make or receive, bytes.

    In training the gradients of these parameters, too, and what each stage received, for the way back.
    """
    largest = max(
        max(instance.received_bytes(step.stage), instance.stages[step.stage].activation_bytes) for step in mine
    ) * (1 if mine[0].block is None else mine[0].block.size)
    kept = [
        instance.stages[step.stage].parameter_bytes * (step.variant.parameters_kept if step.variant else 1.0)
        for step in mine
    ]
    begun = [step.variant for step in mine if step.variant is not None and step.variant.first == step.stage]
    kept += [variant.added_parameter_bytes for variant in begun]
    if instance.mode == "train":
        kept += kept + [instance.received_bytes(step.stage) for step in mine]
    return math.fsum(kept) + largest
