"""The answer of `provision` where tiers offer batches: the cheaper of plans with batches and of plans without any."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from serflow_opt.errors import Problem
from serflow_opt.ground.gaps import relative_gap
from serflow_opt.ground.tolerances import EQUAL
from serflow_opt.plan.document import Choice, PlanStatus
from serflow_opt.traffic.batches.search import BatchesFound, BatchSearch
from serflow_opt.traffic.batches.structures import ROUNDS
from serflow_opt.traffic.provision.answer import in_menus, overruled
from serflow_opt.traffic.provision.confirmed import confirmed
from serflow_opt.traffic.provision.lateness import TAIL
from serflow_opt.traffic.provision.result import Deployment
from serflow_opt.traffic.provision.scope import unconfirmed
from serflow_opt.traffic.provision.service_of import chosen_thresholds, service_of
from serflow_opt.traffic.provision.waits import Size

if TYPE_CHECKING:
    from serflow_opt.ground.deadline import Deadline
    from serflow_opt.problem.instance import Instance
    from serflow_opt.traffic.provision.confirmed import Simulated
    from serflow_opt.traffic.provision.question import ProvisionQuestion
    from serflow_opt.traffic.provision.result import Part
    from serflow_opt.traffic.provision.search import ProvisionSearch
    from serflow_opt.traffic.provision.structures import Structure
    from serflow_opt.traffic.simulate.service_times import Law

STEADY = (
    "requests served one by one: batches are planned for a steady rate (one rate_per_s; scale and simulate --trace "
    "take batches over a trace)"
)
BESIDE = "beside a function as many batches wait for machines as are never late, up to {rounds} for each worker"
FORMULA = (
    "what machines leave to functions as by Hayward's formula, few workers by chains, in simulations up to 6 % of the "
    "cost off, and no cap on how busy they are there"
)


def one_by_one_only(instance: Instance, pools: int, law: Law) -> list[Problem]:
    """Return what is wrong with a question about two pools a block, or times that scatter, where tiers offer batches.

    Plans with batches know neither: what they promise would be of another question.

    Parameters
    ----------
    instance
        Whose tiers may offer batches.
    pools
        Most pools of a block.
    law
        How times scatter.
    """
    named = ", ".join(sorted({instance.tiers[own.tier].name for own in instance.options if own.batching}))
    if not named:
        return []
    cure = f"requests have to be served one by one for that: take `batch` out of tier {named}, or leave this out"
    asked = (("pools", f"{pools}, and batches", pools > 1), ("times", f"{law}, and batches", law.scatters))
    return [Problem(instance.name, name, found, cure) for name, found, wrong in asked if wrong]


def without_batches(question: ProvisionQuestion) -> ProvisionQuestion:
    """Return the question of requests served one by one, on what offers that."""
    instance, keep = question.instance, question.keep
    only = {p for p, own in enumerate(instance.options) if own.batching and 1 not in own.batching.sizes}

    def one_by_one(structure: Structure) -> bool:
        used = {p for choice in structure for p in (choice.machine, choice.function)}
        return not used & only and (keep is None or keep(structure))

    options = tuple(replace(option, batching=None) for option in instance.options)
    return replace(question, instance=replace(instance, options=options), keep=one_by_one if only else keep)


def with_batches(
    question: ProvisionQuestion,
    batched: Sequence[BatchSearch],
    plain: Sequence[ProvisionSearch],
    found: Deployment,
    deadline: Deadline,
) -> Deployment:
    """Return the answer of searches with batches and of those without.

    Parameters
    ----------
    question
        What was asked.
    batched, plain
        The searches.
    found
        What the latter come to.
    deadline
        Tells the time it took.
    """
    every: list[BatchSearch | ProvisionSearch] = [*batched, *plain]
    bound, checked = min(own.bound for own in every), min(own.checked for own in every)
    best = min(own.best for own in every)
    gap = batched[0].gap
    structures = sum(own.total for own in batched)
    method = (
        f"{structures:,} structures with batches, {sum(own.done for own in batched):,} not ruled out by Lagrangian "
        f"bounds, {sum(own.sets for own in batched):,} sets of these and their thresholds looked at by numbers of "
        f"machines, {sum(own.solves for own in batched):,} MILPs by HiGHS, valued by arithmetic on the service; "
        f"one by one: {found.method}"
    )
    winner = next((own for own in batched if own.found is not None and own.best <= best), None)
    proven = relative_gap(best, bound) <= gap * (1 + EQUAL)
    if winner is None or winner.found is None:
        if not found.parts:
            doubt = next((own.doubt for own in batched if own.doubt), found.reason)
            status: PlanStatus = "no_solution" if math.isfinite(bound) else "infeasible"
            return replace(
                found,
                status=status,
                bound=bound if status == "no_solution" else 0.0,
                checked_bound=checked if status == "no_solution" else 0.0,
                reason=(doubt or "time was up before a deployment was found") if status == "no_solution" else "",
                method=method,
                seconds=deadline.seconds,
            )
        bound = min(bound, found.bound)
        return replace(
            found,
            status="optimal" if found.status == "optimal" and proven else "feasible",
            bound=bound,
            checked_bound=min(checked, found.checked_bound),
            scope="; ".join(filter(None, (found.scope, *_beside(question)))),
            method=method,
            seconds=deadline.seconds,
        )
    deployment = _valued(question, winner, winner.found, deadline)
    value, simulated = deployment.usd_per_s, deployment.simulated
    agrees = simulated is None or simulated.agrees
    return replace(
        deployment,
        status="optimal" if proven and agrees else "feasible",
        reason=overruled(simulated, best) if proven and simulated is not None and not agrees else "",
        bound=min(bound, value),
        checked_bound=min(checked, value),
        seconds=deadline.seconds,
        method=method,
    )


def _valued(question: ProvisionQuestion, search: BatchSearch, found: BatchesFound, deadline: Deadline) -> Deployment:
    """Return the deployment that a search found, as simulations leave it, its figures, and of what it is proven."""
    instance, promise = question.instance, search.promise
    service = service_of(search.structures, found.structure, found.levels)
    valued, simulated = found.valued, None
    if question.confirm:
        sizes = [
            Size(count, None if choice.function is None else choice.rounds * count * block.machines[0].workers)
            if count
            else Size(0, 0)
            for count, choice, block in zip(valued.counts, found.structure, service.blocks, strict=True)
        ]
        fewest = search.valuing.fewest(service, valued)
        sized, simulated = confirmed(
            promise, found.structure, service, sizes, fewest, question.demand, deadline, keep_rooms=True
        )
        counts = tuple(size.count for size in sized)
        valued = search.valuing.with_counts(found.structure, service, valued, counts)
    parts = search.valuing.parts(found.structure, service, valued)
    waiting_s = promise.waiting_s(service, valued.waits)
    late = promise.lateness(found.structure, service).late(valued.waits) if promise.measure != "mean" else math.nan
    levels = in_menus(search.instance, instance, found.levels)
    return Deployment(
        instance=instance.name,
        status="feasible",
        demand=question.demand,
        parts=parts,
        thresholds=tuple(Choice(stage=s, threshold=alpha) for s, alpha in chosen_thresholds(instance, levels)),
        service=service,
        structure=found.structure,
        levels=levels,
        arrivals=question.carrying.arrivals,
        accuracy=service.accuracy if instance.accuracy_known else None,
        latency_worst_ms=promise.worst_s(found.structure, service) * 1000,
        latency_mean_ms=(promise.path_s(found.structure, service) + waiting_s) * 1000,
        latency_wait_ms=waiting_s * 1000,
        on_time=1.0 if not promise.limited else max(0.0, 1 - late),
        scope=_scope(question, found, parts, simulated),
        simulated=simulated,
    )


def _scope(question: ProvisionQuestion, found: BatchesFound, parts: Sequence[Part], simulated: Simulated | None) -> str:
    """Say under what assumptions a deployment with batches is proven."""
    instance, random = question.instance, question.carrying.arrivals == "random"
    said = ["Poisson arrivals at every block" if random else "requests that come evenly, batches that fill"]
    said.append("who leaves a batch is independent of the others in it")
    if instance.latency_slo_s is not None:
        said.append("latency of full batches that wait as long as they may")
        if random and any(choice.machine is not None and choice.function is None for choice in found.structure):
            tail = f", for all but {TAIL:g} of the requests" if instance.latency_measure == "worst" else ""
            said.append(f"waits of batches for machines as in M/M/c queues{tail}")
            said += unconfirmed(question, parts, simulated)
    return "; ".join([*said, *_beside(question)])


def _beside(question: ProvisionQuestion) -> list[str]:
    """Say of which functions beside machines a proof is, where there are any."""
    kinds = {question.instance.tiers[option.tier].kind == "function" for option in question.instance.options}
    if question.carrying.arrivals == "smooth" or len(kinds) < 2:
        return []
    return [BESIDE.format(rounds=ROUNDS[-1]), FORMULA]
