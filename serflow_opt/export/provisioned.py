"""The document of `provision` as a description."""

from __future__ import annotations

import math
from typing import Annotated

from pydantic import BaseModel, Field

from serflow_opt.errors import InputError, Problem
from serflow_opt.export.description import DescribedBlock, DescribedMachine, Description
from serflow_opt.export.facts import Facts
from serflow_opt.plan.document import Choice, PlanStatus
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.offers import Option


class ProvisionedPool(BaseModel):
    """One of several pools of a block."""

    machine: str
    machine_tier: str | None = None
    share: float
    count: int
    queue_max: int | None = None
    busy: float


class ProvisionedBlock(BaseModel):
    """A block as `provision --json` prints it; what deploying does not need is passed over."""

    stages: Annotated[list[int], Field(min_length=2, max_length=2)]
    reach: float
    requests_per_s: float
    machine: str | None
    machine_tier: str | None = None
    count: int
    queue_max: int | None = None
    busy: float
    function: str | None
    function_requests_per_s: float
    pools: list[ProvisionedPool] = []
    batch: int = 1
    batch_wait_ms: float = 0.0
    batch_mean: float = 1.0
    function_batch: int = 1


class ProvisionedDemand(BaseModel):
    """Requests per second."""

    mean_per_s: float
    peak_per_s: float


class ProvisionedMetrics(BaseModel):
    """What is promised."""

    accuracy: float | None
    latency_worst_ms: float | None
    latency_mean_ms: float | None
    usd_per_hour: float | None


class Provisioned(BaseModel):
    """What is read of the document; every key is needed, so that none misspelt is taken for unknown."""

    instance: str
    status: PlanStatus
    demand: ProvisionedDemand
    reason: str
    blocks: list[ProvisionedBlock]
    thresholds: list[Choice]
    metrics: ProvisionedMetrics


def describe_provisioned(document: Provisioned, name: str, facts: Facts) -> Description:
    """Say what is to be started for machines and functions behind them.

    Parameters
    ----------
    document
        What `provision --json` printed.
    name
        Start of every name in what is written.
    facts
        What the document's names stand for.

    Raises
    ------
    InputError
        When there is nothing to start, a block has neither machines nor a function, or names, stages or thresholds are
        not the instance's.
    """
    if not document.blocks:
        found = f"'{document.status}': there is nothing to start{f' ({document.reason})' if document.reason else ''}"
        raise InputError([Problem(facts.file, "status", found, "relax the limits, or allow more machines")])
    metrics, instance = document.metrics, facts.instance
    latency = {"worst": metrics.latency_worst_ms, "mean": metrics.latency_mean_ms}
    return Description(
        name=name,
        instance=document.instance,
        source="provision",
        status=document.status,
        requests_per_s=document.demand.mean_per_s,
        peak_requests_per_s=document.demand.peak_per_s,
        accuracy=metrics.accuracy,
        latency_ms={key: value for key, value in latency.items() if value is not None},
        latency_slo_ms=instance.latency_slo_s * 1000 if instance and instance.latency_slo_s is not None else None,
        latency_measure=instance.latency_measure if instance else None,
        usd_per_hour=metrics.usd_per_hour,
        thresholds=document.thresholds,
        blocks=[_block(document, number, facts) for number in range(len(document.blocks))],
    )


def _block(document: Provisioned, number: int, facts: Facts) -> DescribedBlock:
    """At the peak machines keep at least what they keep on average, so the function gets at most the rest."""
    given, place = document.blocks[number], f"blocks[{number + 1}]"
    first, last = given.stages
    block = DescribedBlock(first=first, last=last, requests_per_s=given.requests_per_s)
    block.batch, block.batch_wait_ms = given.batch, given.batch_wait_ms
    if given.pools:
        block.pools = [_pool(own, f"{place}.pools[{n}]", facts) for n, own in enumerate(given.pools, 1)]
    elif given.machine is not None and given.count > 0:
        alone = ProvisionedPool.model_validate(given.model_dump() | {"share": 1.0})
        block.machine = _pool(alone, place, facts)
    if given.function is not None:
        option = facts.option(given.function, None, f"{place}.function")
        kept = given.requests_per_s - given.function_requests_per_s
        peak = max(given.function_requests_per_s, document.demand.peak_per_s * given.reach - kept)
        at_once = None
        if option is not None and facts.instance is not None:
            call = given.function_batch
            if call > 1 and option.batching is not None:  # calls, each as long as a full one
                full = math.fsum(times[call - 1] for times in option.batching.seconds[first - 1 : last])
                at_once = peak / min(given.batch_mean, call) * full
            else:
                at_once = peak * _busy_s(facts.instance, option, document.thresholds, first, last, facts.file)
        spilled = given.function_requests_per_s
        block.function = facts.function(given.function, None, f"{place}.function", spilled, at_once)
    if not block.machines and block.function is None:
        found = "neither a machine nor a function"
        raise InputError([Problem(facts.file, place, found, "give the document as `provision --json` prints it")])
    return block


def _pool(given: ProvisionedPool, place: str, facts: Facts) -> DescribedMachine:
    made = facts.machine(given.machine, given.machine_tier, f"{place}.machine", given.count, given.busy)
    return made.model_copy(update={"tier": given.machine_tier, "share": given.share, "queue_max": given.queue_max})


def _busy_s(instance: Instance, option: Option, choices: list[Choice], first: int, last: int, file: str) -> float:
    """Mean seconds of a request that enters a block, by the exit tables at the plan's thresholds."""
    if last > len(instance.stages):
        found = f"stage {last} of {len(instance.stages)}"
        raise InputError([Problem(file, "blocks", found, f"give the plan's instance, not '{instance.name}'")])
    chosen = {choice.stage: choice.threshold for choice in choices}
    inside, seconds = 1.0, []
    for s in range(first - 1, last):
        seconds.append(inside * option.stage_seconds[s])
        menu, threshold = instance.menus[s], chosen.get(s + 1)
        if threshold is None:
            continue
        rate = next((e for t, e in zip(menu.thresholds, menu.exit_rates, strict=False) if t == threshold), None)
        if rate is None:
            found = f"'{instance.name}' has no threshold {threshold!r} at stage {s + 1}"
            raise InputError([Problem(file, "thresholds", found, "give the instance that the plan is of")])
        inside *= 1 - rate
    return math.fsum(seconds)
