"""From a structure and thresholds to the service that is put under traffic."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from serflow_opt.ground.tolerances import TOLERANCE
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.offers import DAY_S, Option
from serflow_opt.traffic.carbon_flow import carbon_of
from serflow_opt.traffic.provision.pools import apart
from serflow_opt.traffic.provision.structures import BlockChoice, Structure, Structures
from serflow_opt.traffic.service import Block, Draws, Function, Machine, Service

if TYPE_CHECKING:
    from serflow_opt.problem.network import Samples

KEEP_ALIVE_S = 300.0
"""How long an idle function stays warm where the instance does not say; only simulations look at it."""


def service_of(structures: Structures, structure: Structure, levels: Sequence[int]) -> Service:
    """Return the service of a structure at thresholds given as positions in the menus.

    Parameters
    ----------
    structures
        Those of the instance.
    structure
        What runs each block.
    levels
        One a stage, in their order; stages at the end that nobody reaches may be left out.
    """
    instance = structures.instance
    shares, accuracies, reach = [], [], 1.0
    for menu, level in zip(instance.menus, levels, strict=False):  # stages that nobody reaches may be left out
        shares.append(reach * menu.exit_rates[level])
        accuracies.append(menu.accuracies[level] if menu.exit_rates[level] > 0 else math.nan)
        reach *= 1 - menu.exit_rates[level]
    blocks = tuple(
        Block(
            first=choice.first,
            last=choice.last,
            machines=_machines(structures, choice),
            function=None if choice.function is None else function_of(structures, choice),
            hop_s=choice.hop_s,
            hop_usd=choice.hop_usd,
            shares=() if choice.second is None else (choice.share, 1 - choice.share),
            batch=choice.batch,
            batch_wait_s=choice.batch_wait_s,
        )
        for choice in structure
    )
    draws = None if instance.samples is None else _draws(instance, instance.samples, levels)
    quantile = 1.0 if instance.quantile is None else instance.quantile
    slo = None if instance.latency_measure == "mean" else instance.latency_slo_s
    thresholds = chosen_thresholds(instance, levels)
    own = Service(instance.name, blocks, tuple(shares), tuple(accuracies), slo, quantile, draws, thresholds=thresholds)
    return replace(own, carbon_without=_uncounted(instance)) if own.counts_carbon else own


def _uncounted(instance: Instance) -> str:
    """What carbon over a trace leaves out: energy by the byte, which only plans count."""
    tiers = [tier.name for tier in instance.tiers if tier.joules_per_byte * tier.g_per_joule > 0]
    return f"carbon leaves out what hand-overs take: joules_per_byte of {', '.join(tiers)}" if tiers else ""


def chosen_thresholds(instance: Instance, levels: Sequence[int]) -> tuple[tuple[int, float], ...]:
    """Return stage, from 1, and threshold of each classifier that decides anything: the last lets all leave."""
    return tuple(
        (s + 1, menu.thresholds[level])
        for s, (menu, level) in enumerate(zip(instance.menus, levels, strict=False))
        if menu.thresholds and s + 1 < len(instance.stages)
    )


def scalable(instance: Instance, structure: Structure, levels: Sequence[int]) -> Service:
    """Return the service of a deployment in which each block may use all machine types that keep its times.

    The structure's own type comes first, where it has one; others follow by rent per request.

    Parameters
    ----------
    instance
        The problem.
    structure
        What runs each block.
    levels
        As of `service_of`.
    """
    structures = Structures(instance, len(structure))
    service = service_of(structures, structure, levels)
    chosen = []
    for b, choice in enumerate(structure):
        tiers = [structures.tier(pool.machine) for pool in apart(choice)]
        same = (
            c.machine
            for c in structures.choices(choice.first, choice.last)
            if None in tiers or structures.tier(c.machine) in tiers
        )
        others = {p for p in same if p is not None}
        in_time = [p for p in others if all(_keeps_time(structures, p, choice, s) for s in _stages(choice))]
        machines = [machine_of(structures, replace(choice, machine=p)) for p in in_time]
        machines.sort(key=lambda m, b=b: m.usd_per_s / service.rate_per_s(b, m))  # type: ignore[misc]
        first = service.blocks[b].machines
        chosen.append((*first, *(m for m in machines if m not in first)))
    return service.with_machines(tuple(chosen))


def _stages(choice: BlockChoice) -> range:
    return range(choice.first, choice.last + 1)


def _keeps_time(structures: Structures, p: int, choice: BlockChoice, s: int) -> bool:
    """Whether a machine is at stage s no later than the pools a block has."""
    return structures.seconds(p, choice.first, s) <= structures.slowest(choice, s) * (1 + TOLERANCE)


def _machines(structures: Structures, choice: BlockChoice) -> tuple[Machine, ...]:
    """Return the machines of a block's pools; where both are called the same, by their tiers, too."""
    pools = [own for own in apart(choice) if own.machine is not None]
    machines = [machine_of(structures, own) for own in pools]
    if len({machine.name for machine in machines}) < len(machines):
        tiers = [structures.instance.tiers[structures.tier(own.machine) or 0].name for own in pools]
        machines = [replace(own, name=f"{own.name} ({tier})") for own, tier in zip(machines, tiers, strict=True)]
    return tuple(machines)


def machine_of(structures: Structures, choice: BlockChoice) -> Machine:
    """Return the machines of a block."""
    assert choice.machine is not None
    option = structures.option(choice.machine)
    tier = structures.instance.tiers[option.tier]
    emits = carbon_of(option, tier, choice.first, choice.last, _flops(structures, choice))
    return Machine(
        name=option.name,
        usd_per_s=option.rent_per_s,
        workers=option.workers,
        seconds=_outcomes(option.stage_seconds, choice),
        sends=tier.pays_for_waiting,
        start_s=tier.scaling.start_s or 0.0,
        billing_min_s=tier.scaling.billing_min_s,
        machines_max=tier.scaling.machines_max,
        sd_s=_deviations(structures, choice.machine, choice),
        stage_s=_by_batch(option, choice, choice.batch),
        on_carbon=None if emits is None else emits[0],
        busy_carbon=None if emits is None else emits[1],
        taken_per_s=tier.scaling.interruptions_per_day / DAY_S,
        replace_s=tier.scaling.replace_s or 0.0,
    )


def function_of(structures: Structures, choice: BlockChoice) -> Function:
    """Return the function of a block."""
    assert choice.function is not None
    option = structures.option(choice.function)
    tier = structures.instance.tiers[option.tier]
    scaling = tier.scaling
    emits = carbon_of(option, tier, choice.first, choice.last, _flops(structures, choice))
    return Function(
        name=option.name,
        **option.terms(),
        seconds=_outcomes(option.stage_seconds, choice),
        cold_start_s=option.cold_start_s,
        keep_alive_s=KEEP_ALIVE_S if scaling.keep_alive_s is None else scaling.keep_alive_s,
        concurrency_max=scaling.concurrency_max,
        sd_s=_deviations(structures, choice.function, choice),
        memory_mb=None if option.memory_bytes is None else option.memory_bytes / 2**20,
        stage_s=_by_batch(option, choice, choice.call or choice.batch),
        busy_carbon=None if emits is None else emits[1],
    )


def _flops(structures: Structures, choice: BlockChoice) -> float:
    """Operations of the stages of a block."""
    return math.fsum(stage.flops for stage in structures.instance.stages[choice.first : choice.last + 1])


def _by_batch(option: Option, choice: BlockChoice, most: int) -> tuple[tuple[float, ...], ...]:
    """Seconds of each stage of a block for 1, 2, .. requests together; empty where it takes them one by one.

    Parameters
    ----------
    option
        What runs the block.
    choice
        The block.
    most
        Requests together, at most.
    """
    if most == 1 or option.batching is None:
        return ()
    return tuple(times[:most] for times in option.batching.seconds[choice.first : choice.last + 1])


def _outcomes(seconds: Sequence[float], choice: BlockChoice) -> tuple[float, ...]:
    """Time until a request leaves at each stage of a block, and until it goes on."""
    times = [math.fsum(seconds[choice.first : s + 1]) for s in range(choice.first, choice.last + 1)]
    return (*times, times[-1])


def _deviations(structures: Structures, p: int, choice: BlockChoice) -> tuple[float, ...]:
    """Standard deviations of those times; empty: none vary."""
    spreads = structures.spreads_s(p, choice.first, choice.last)
    return (*spreads, spreads[-1]) if structures.law.scatters or structures.option(p).stage_sd_s else ()


def _draws(instance: Instance, samples: Samples, levels: Sequence[int]) -> Draws:
    """Where each sample behind the tables leaves at these thresholds, and whether it is right there."""
    import numpy as np

    from serflow_opt.problem.exits import answered
    from serflow_opt.problem.network import OFF

    at = [stage - 1 for stage in samples.classifier_stages]
    known = [s < len(levels) and bool(instance.menus[s].thresholds) for s in at]
    thresholds = [instance.menus[s].thresholds[levels[s]] if here else OFF for s, here in zip(at, known, strict=True)]
    first, right = answered(samples, thresholds)
    return Draws(np.asarray(at, dtype=np.int64)[first], right)
