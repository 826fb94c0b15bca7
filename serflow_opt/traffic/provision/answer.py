"""From searches to the deployment that answers: its figures, what is proven, and of what."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from serflow_opt.ground.deadline import Deadline
from serflow_opt.ground.gaps import relative_gap
from serflow_opt.ground.tolerances import EQUAL
from serflow_opt.plan.document import Choice, PlanStatus
from serflow_opt.problem.instance import Instance
from serflow_opt.traffic.provision.confirmed import Simulated, confirmed
from serflow_opt.traffic.provision.counts import StructureSizes
from serflow_opt.traffic.provision.indifference import s_cips, t_cips
from serflow_opt.traffic.provision.pools import Apart, Strands, pools_of
from serflow_opt.traffic.provision.pools import apart as apart_of
from serflow_opt.traffic.provision.promise import Promise
from serflow_opt.traffic.provision.question import ProvisionQuestion, SizedStructure
from serflow_opt.traffic.provision.result import Deployment
from serflow_opt.traffic.provision.scope import beside, scope_of
from serflow_opt.traffic.provision.search import ProvisionSearch
from serflow_opt.traffic.provision.service_of import chosen_thresholds, service_of
from serflow_opt.traffic.provision.structures import BlockChoice
from serflow_opt.traffic.provision.two_pools import STEPS, TwoPoolOutcome
from serflow_opt.traffic.provision.waits import Size, Wait

LATE = "time was up before a deployment was found; allow more with --time-limit"
"""Why there is no answer, where no solver was in doubt."""
NO_POOLS = (
    "no deployment has one pool a block, and none was found with two: they are looked for at the cut and thresholds of "
    "the best that would do with any number of machines"
)
"""Why there is no answer with two pools."""
TRIED_WAITS = (
    "among deployments where nobody waits beside a function, and those tried where some do: others where some do may "
    "be cheaper{least}, which --prove-waits settles"
)
"""Of what an answer is the cheapest where it was too much to look into all waits; `least` is a bound of these."""
NO_WAITS = "among deployments where nobody waits beside a function"
"""The same where waits were not asked for."""
WITHOUT_WAITS, TWO_HERE = "where nobody waits beside a function", "with two pools at this cut and these thresholds only"
"""The same, and what is known of two pools a block, in a few words."""


def deployment_of(
    question: ProvisionQuestion,
    searches: Sequence[ProvisionSearch],
    deadline: Deadline,
    two: TwoPoolOutcome | None = None,
) -> Deployment:
    """Return what searches found together; the last that found anything found the best.

    Parameters
    ----------
    question
        What was asked.
    searches
        Of the network as it is, and cut short where everybody may leave.
    deadline
        When to stop simulating it.
    two
        What came of two pools a block; None: nobody looked.
    """
    total, done, solves = (sum(getattr(own, name) for own in searches) for name in ("total", "done", "solves"))
    method = (
        f"{total:,} structures, {done:,} not ruled out by Lagrangian bounds, {solves:,} flow-scaled MILPs by "
        "HiGHS, valued by arithmetic on the service"
    )
    bound = min(own.bound for own in searches)
    checked = min(own.checked for own in searches)
    winner = next((own for own in reversed(searches) if own.found is not None), None)
    found = None if winner is None else winner.found
    one = found
    if two is not None:
        bound, checked = min(bound, two.bound), min(checked, two.bound)
        if two.found is not None:
            winner, found = searches[two.winner], two.found
    if winner is None or found is None:
        unlooked = question.pools > 1 and math.isinf(bound)
        status: PlanStatus = "no_solution" if math.isfinite(bound) or unlooked else "infeasible"
        doubt = NO_POOLS if unlooked else next((own.doubt for own in searches if own.doubt), LATE)
        return Deployment(
            question.instance.name,
            status,
            question.demand,
            arrivals=question.carrying.arrivals,
            bound=bound if status == "no_solution" and not unlooked else 0.0,
            checked_bound=checked if status == "no_solution" and not unlooked else 0.0,
            seconds=deadline.seconds,
            method=method,
            reason=doubt if status == "no_solution" else "",
        )
    deployment = _valued(question, winner, found, deadline)
    best = winner.best if two is None or two.found is None else two.best
    value, simulated = deployment.usd_per_s, deployment.simulated
    deployment = replace(
        deployment, bound=min(bound, value), checked_bound=min(checked, value), seconds=deadline.seconds, method=method
    )
    if any(own.without_waits for own in searches):
        among = NO_WAITS if question.prove_waits is None else _tried_waits(searches, best)
        deployment = replace(deployment, scope=f"{among}; {deployment.scope}", proven_where=WITHOUT_WAITS)
    elif question.instance.latency_slo_s is None and question.carrying.arrivals == "random" and beside(question):
        deployment = replace(deployment, scope=f"{NO_WAITS}; {deployment.scope}", proven_where=WITHOUT_WAITS)
    if two is not None:
        everywhere = relative_gap(best, two.anywhere) <= winner.gap * (1 + EQUAL)
        where = " and ".join(filter(None, ("" if everywhere else TWO_HERE, deployment.proven_where)))
        among = _of_pools(one is not None, None if everywhere else two.anywhere)
        deployment = replace(deployment, scope=f"{among}; {deployment.scope}", proven_where=where)
    proven = relative_gap(best, bound) <= winner.gap * (1 + EQUAL)
    if simulated is not None and not simulated.agrees:
        return replace(deployment, reason=overruled(simulated, best) if proven else "")
    if deployment.gap > winner.gap * (1 + EQUAL):
        return deployment
    return replace(deployment, status="optimal")


def _tried_waits(searches: Sequence[ProvisionSearch], best: float) -> str:
    """Say among what deployments the best is the cheapest, and how much cheaper others may be."""
    least = min(own.anywhere if own.without_waits else own.bound for own in searches)
    percent = 100 * (1 - least / best)
    known = f" by {percent:.2g} % at most (none is below {least * 3600:.6g} USD/h)" if least > 0 else ""
    return TRIED_WAITS.format(least=known)


def _of_pools(one: bool, anywhere: float | None) -> str:
    """Say among what two pools are the cheapest.

    Parameters
    ----------
    one
        Whether one pool a block would do.
    anywhere
        What no deployment with two is below, USD per second; None: what the answer costs.
    """
    with_one = "one pool a block" if one else "none with one pool a block"
    if anywhere is None:
        return f"{with_one}, and two, at any cut, thresholds and shares"
    return (
        f"{with_one}, at any cut and thresholds; two at this cut and these thresholds, shares in steps of 1/{STEPS}, "
        f"or such that machines are full (none with two at any others is below {anywhere * 3600:.6g} USD/h)"
    )


def overruled(simulated: Simulated, usd_per_s: float) -> str:
    """Say what was proven, the cost by the formula, where the simulation came to another answer."""
    proven = f"by the formula for waits {usd_per_s * 3600:.6g} USD/h is proven cheapest"
    if not simulated.changed:
        return f"{proven}; the simulation refutes the promise, and nothing could be added"
    return f"{proven}; the simulation changed {simulated.changed}"


def _valued(
    question: ProvisionQuestion, search: ProvisionSearch, found: SizedStructure, deadline: Deadline
) -> Deployment:
    """Value a deployment, without the machines that it makes no use of, as simulations leave it."""
    instance, structures = question.instance, search.structures
    empty = [
        pool.block
        for pool, size in zip(pools_of(structures, found.structure), found.sizes, strict=True)
        if not size.count and pool.choice.function is not None
    ]
    structure = structures.without(found.structure, empty) if empty else found.structure
    service, pools = service_of(structures, structure, found.levels), pools_of(structures, structure)
    apart, single = Apart.of(service, pools), tuple(pool.choice for pool in pools)
    promise, sizes, simulated = search.promise, found.sizes, None
    strands = Strands(promise, structure, service)

    def waits_of(own: Sequence[Size]) -> list[Wait | None]:
        return [promise.wait(apart, n, size.count, size.room, called=strands.called) for n, size in enumerate(own)]

    if question.confirm:
        counts_of = StructureSizes(search.pricing, single, apart, strands.taken)
        fewest = [
            0 if choice.machine is None or choice.function is not None else counts_of.enough(n) or size.count
            for n, (choice, size) in enumerate(zip(single, sizes, strict=True))
        ]

        def valuation(own: Sequence[Size]) -> tuple[float, float]:
            usd = math.fsum(part.usd_per_s for part in search.parts(structure, service, own))
            return usd, strands.taken(waits_of(own))

        sizes, simulated = confirmed(
            promise, structure, service, sizes, fewest, question.demand, deadline, valuation=valuation
        )
    parts = search.parts(structure, service, sizes)
    points = zip(
        parts,
        structure,
        t_cips(search.pricing, structure, parts),
        s_cips(search.pricing, structure, service, parts),
        strict=True,
    )
    waits = waits_of(sizes)
    waiting_s = promise.waiting_s(apart, waits)
    levels = in_menus(search.instance, instance, found.levels)
    named = tuple(
        replace(
            part,
            t_cip=t_cip,
            s_cip=s_cip,
            machine_tier=_tiers(instance, choice),
            function_tier=_tier(instance, choice.function),
            pools=tuple(
                replace(own, machine_tier=_tier(instance, pool.machine))
                for own, pool in zip(part.pools, apart_of(choice), strict=False)
            ),
        )
        for part, choice, t_cip, s_cip in points
    )
    return Deployment(
        instance=instance.name,
        status="feasible",
        demand=question.demand,
        parts=named,
        thresholds=tuple(Choice(stage=s, threshold=alpha) for s, alpha in chosen_thresholds(instance, levels)),
        service=service,
        structure=structure,
        levels=levels,
        arrivals=question.carrying.arrivals,
        accuracy=service.accuracy if instance.accuracy_known else None,
        latency_worst_ms=strands.worst_s * 1000,
        latency_mean_ms=(strands.path_s + waiting_s) * 1000,
        latency_wait_ms=waiting_s * 1000,
        on_time=_on_time(promise, strands, waits),
        scope=scope_of(question, named, simulated),
        simulated=simulated,
    )


def in_menus(searched: Instance, instance: Instance, levels: tuple[int, ...]) -> tuple[int, ...]:
    """Turn positions in the menus of a network cut short into those in the menus of the instance.

    Parameters
    ----------
    searched, instance
        The network cut short, and the whole one.
    levels
        Positions in the menus of `searched`, by stage.
    """
    thresholds = [menu.thresholds for menu in searched.menus]
    return tuple(
        level if thresholds[s] == menu.thresholds else menu.thresholds.index(thresholds[s][level])
        for s, (menu, level) in enumerate(zip(instance.menus, levels, strict=False))
    )


def _tier(instance: Instance, p: int | None) -> str | None:
    return None if p is None else instance.tiers[instance.options[p].tier].name


def _tiers(instance: Instance, choice: BlockChoice) -> str | None:
    """Name the tier of a block's machines, or both of two pools."""
    names = [_tier(instance, own.machine) for own in apart_of(choice)]
    return " + ".join(dict.fromkeys(name for name in names if name is not None)) or None


def _on_time(promise: Promise, strands: Strands, waits: Sequence[Wait | None]) -> float:
    """Share of the requests that keep the latency target, waits included; NaN where it is on the mean."""
    if promise.measure == "mean":
        return math.nan
    if not promise.limited:
        return 1.0
    return max(0.0, 1 - strands.late(waits))
