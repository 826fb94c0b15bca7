"""Plans with batches: what `solve` and fronts choose from beside plans that serve requests one by one.

The search is that of `provision` (`search.py`), asked as `solve` counts: requests come evenly, batches fill, functions
are paid by the second as used, and hand-overs are those of placements. A limit on cost is where it starts. The least
latency in the worst case is that of structures, which are looked through in its order (`soonest.py`); other latencies
and the best accuracy are found by asking for plans that keep closer and closer limits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from serflow_opt.ground.tolerances import BOX_GAP, EQUAL, TOLERANCE
from serflow_opt.plan.decision import BatchedBlock, Decision
from serflow_opt.plan.evaluator import evaluate
from serflow_opt.problem.batches import one_by_one
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.limits import at_most, ceiling
from serflow_opt.problem.offers import Link
from serflow_opt.search.goal import order_of
from serflow_opt.search.outcome import OUT_OF_TIME, SearchOutcome, SearchSettings
from serflow_opt.traffic.batches.search import BatchSearch
from serflow_opt.traffic.batches.soonest import SoonestSearch
from serflow_opt.traffic.batches.structures import BatchStructures
from serflow_opt.traffic.carrying import Carrying
from serflow_opt.traffic.demand.rates import Rates
from serflow_opt.traffic.provision.answer import in_menus
from serflow_opt.traffic.provision.cut_short import cut_short
from serflow_opt.traffic.provision.hops import Hop, Hops, Tiers
from serflow_opt.traffic.provision.question import ProvisionQuestion

if TYPE_CHECKING:
    from serflow_opt.ground.deadline import Deadline
    from serflow_opt.problem.kinds import Objective
    from serflow_opt.traffic.provision.structures import Structure

GOALS = ("cost", "latency", "accuracy")
"""Objectives that plans with batches are found for."""
ROUNDS = 60
"""Halvings of what is left of a range, at most."""


def why_not_planned(instance: Instance) -> str:
    """Say why batches on offer are not planned in an instance; "" where they are, or there are none.

    Parameters
    ----------
    instance
        Its limits and choices; what it minimises is left aside.
    """
    if not instance.takes_batches:
        return ""
    paid = [o for o in instance.options if o.rent_per_s > 0 and instance.tiers[o.tier].kind != "function"]
    limits = {
        "energy_max_j": instance.energy_max_j,
        "carbon_max_g": instance.carbon_max_g,
        "privacy_max": instance.privacy_max,
        "mse_min": instance.privacy.mse_min,
        "cross_entropy_max": instance.privacy.cross_entropy_max,
    }
    reasons = (
        ("a rate (workload.rate_per_s)", instance.rate_per_s is None),
        ("machines paid by the hour (accounting = 'reserved')", bool(paid) and instance.accounting != "reserved"),
        ("no accounting as printed", instance.accounting == "as-printed"),
        ("thresholds from menus, by tables", instance.threshold_mode != "menu" or instance.joint),
        ("sizes and strengths from lists", bool(instance.families)),
        ("times that do not vary (tail = 'fixed')", instance.tail != "fixed" and instance.quantile is not None),
        ("stages and classifiers as they are (no variants, no ramps_max)", bool(instance.variants)),
        ("hand-overs as they are", any(len(ways) > 1 for ways in instance.ways)),
        ("work that ends where answers leave (no run_on)", instance.run_on),
        *((f"no {name}", value is not None) for name, value in limits.items()),
    )
    needed = [words for words, missing in reasons if missing]
    return f"requests served one by one: batches are planned with {'; '.join(needed)}" if needed else ""


def alone(instance: Instance) -> Instance:
    """Return the instance without options that take batches only; positions of the others stay."""
    only = {p for p, own in enumerate(instance.options) if own.batching and 1 not in own.batching.sizes}
    if not only:
        return instance
    out = tuple(replace(own, run_max_s=-1.0) if p in only else own for p, own in enumerate(instance.options))
    return replace(instance, options=out)


def scope_of(instance: Instance) -> str:
    """Say of which plans with batches a proof is."""
    return (
        "of plans with batches: full ones of requests that come evenly, who leaves is independent of the others; "
        f"latency of full batches that wait as long as they may; at most {_blocks(instance)} blocks, each with "
        "machines of its own"
    )


def _blocks(instance: Instance) -> int:
    return max(2, len({option.tier for option in instance.options}))


class PlanHops(Hops):
    """Hand-overs as placements have them: down the list of tiers, over its links; within a tier nothing is sent."""

    def between(self, before: Tiers, after: Tiers, stage: int) -> Hop | None:
        """Return the hand-over before a stage; None where there is no way.

        Parameters
        ----------
        before, after, stage
            As `Hops.between` takes them; blocks have one pool.
        """
        (i,), (j,) = ([t for t in own if t is not None] for own in (before, after))
        if i == j:
            return Hop()
        names = [tier.name for tier in self.instance.tiers]
        link: Link | None = self.instance.links.get((names[i], names[j])) if i < j else None
        return None if link is None else self._hop([link], stage)


class PlanStructures(BatchStructures):
    """The structures that are plans with batches."""

    def __init__(self, instance: Instance, most: int) -> None:
        super().__init__(instance, most)
        self.hops = PlanHops(instance, self.machine_tiers, self.function_tiers)

    def allows(self, structure: Structure) -> bool:
        """Whether a plan may have these blocks: options change within a tier, and are scarce, as the instance says."""
        used = [self.option(p) for c in structure for p in (c.machine, c.function) if p is not None]
        if any(self.instance.machines_max(own) is not None and used.count(own) > 1 for own in used):
            return False
        return all(a is b or a.tier != b.tier or self.instance.tiers[a.tier].stage_specific for a, b in pairwise(used))


def told(instance: Instance) -> str:
    """Say of which plans with batches a proof is, or why they are not planned; "" where none are offered."""
    return why_not_planned(instance) or (scope_of(instance) if instance.takes_batches else "")


def search_batches(
    instance: Instance, name: Objective, gap: float, deadline: Deadline, below: float = math.inf
) -> SearchOutcome:
    """Search for the best plan with batches.

    Parameters
    ----------
    instance
        One that `why_not_planned` says nothing of.
    name
        The objective: cost, latency or accuracy.
    gap
        Relative distance between plan and bound at which the search ends.
    deadline
        When to stop.
    below
        What it has to be better than: USD a request, seconds, or minus the accuracy.

    Returns
    -------
    SearchOutcome
        Infeasible: nothing is better than `below`, proven.
    """
    if name == "cost":
        return _cheapest(instance, gap, deadline, below)
    if name == "latency" and instance.latency_measure == "worst":
        return _soonest(instance, gap, deadline, below)
    return _closer(instance, name, max(gap, BOX_GAP), deadline, below)


def _networks(instance: Instance) -> Iterator[Instance]:
    """Yield the network and those cut short where everybody leaves, as the search for batches takes them."""
    options = tuple(option.billed_exactly() for option in instance.options)
    asked = replace(instance, minimize="cost", cost_max_usd=None, tail="fixed", options=options)
    yield from (asked, *cut_short(asked))


def _cheapest(
    instance: Instance, gap: float, deadline: Deadline, below: float = math.inf, *, first: bool = False
) -> SearchOutcome:
    """The least cost; `first`: any plan within the limit on cost will do."""
    rate = instance.rate_per_s or 0.0
    most = min(below, _cost_max(instance))
    best = most * rate * (1 + 2 * gap + 2 * EQUAL)
    found, searches = SearchOutcome(), list[BatchSearch]()
    for network in _networks(instance):
        asked, structures = _asked(network)
        known = min([best, *(own.best for own in searches)])
        own = BatchSearch(asked, gap, deadline, None, known, structures, first=first)
        own.run()
        searches.append(own)
        _take(instance, network, own, "cost", found)
        if first and found.decision is not None:
            break
    found.bound = min(own.bound for own in searches) / rate
    found.checked = min(own.checked for own in searches) / rate
    found.nodes = sum(own.solves for own in searches)
    if found.decision is None:
        found.infeasible = found.bound >= most
        if not found.infeasible:
            found.doubt = next((own.doubt for own in searches if own.doubt), OUT_OF_TIME)
    return found


def _cost_max(instance: Instance) -> float:
    return math.inf if instance.cost_max_usd is None else instance.cost_max_usd * (1 + TOLERANCE)


def _asked(network: Instance) -> tuple[ProvisionQuestion, PlanStructures]:
    """The question of a network, as `provision` asks it, and the structures that are plans."""
    structures = PlanStructures(network, _blocks(network))
    carrying = Carrying("smooth", network.utilisation_cap)
    demand = Rates.steady(network.rate_per_s or 0.0)
    keep = structures.allows
    return ProvisionQuestion(network, demand, structures.most, None, carrying, keep, confirm=False), structures


def _take(instance: Instance, network: Instance, search: BatchSearch, name: Objective, found: SearchOutcome) -> None:
    """Value what a search of a network has found."""
    if search.found is None:
        return
    levels = in_menus(network, instance, search.found.levels)
    decision = decision_of(instance, search.found.structure, levels)
    metrics = evaluate(instance, decision)
    found.offer(decision, metrics, metrics.objective(name, instance.latency_measure))


def _soonest(instance: Instance, gap: float, deadline: Deadline, below: float) -> SearchOutcome:
    """The least latency in the worst case."""
    rate, cost_max = instance.rate_per_s or 0.0, _cost_max(instance)
    found, most = SearchOutcome(), min(below, ceiling(instance, "latency"))
    for network in _networks(instance):
        asked, structures = _asked(replace(network, latency_slo_s=most if math.isfinite(most) else None))
        own = SoonestSearch(asked, gap, deadline, None, cost_max * rate * (1 + 2 * EQUAL), structures)
        own.run()
        _take(instance, network, own, "latency", found)
        most = min(most, found.value)
        found.nodes += own.solves
        found.bound = own.soonest_s if found.bound == -math.inf else min(found.bound, own.soonest_s)
        found.doubt = found.doubt or own.doubt or ("" if own.finished else OUT_OF_TIME)
    found.bound = found.checked = min(found.bound, found.value)
    if found.decision is None:
        found.infeasible = not found.doubt and math.isinf(found.bound)
    return found


def beside_plain(
    instance: Instance, settings: SearchSettings
) -> tuple[Instance, Callable[[SearchOutcome], SearchOutcome] | None, str]:
    """Return the instance to serve one by one, what looks for plans with batches beside, and what is said of them.

    Parameters
    ----------
    instance
        With batches on offer.
    settings
        Of `solve`.
    """
    name: Objective = instance.minimize  # type: ignore[assignment]  # or weighted, which is left out
    if settings.extra is not None:
        return alone(instance), None, one_by_one(True, "constraints of your own know no batches")
    if name not in ("cost", "latency"):
        return alone(instance), None, one_by_one(True, "batches are planned for cost or latency")
    if why_not_planned(instance):
        return alone(instance), None, told(instance)
    return alone(instance), lambda found: better_with_batches(instance, name, found, settings), told(instance)


def better_with_batches(
    instance: Instance, name: Objective, found: SearchOutcome, settings: SearchSettings
) -> SearchOutcome:
    """Return the better of a plan that serves requests one by one and of the best with batches.

    Parameters
    ----------
    instance
        One that `why_not_planned` says nothing of.
    name
        The objective: cost or latency.
    found
        What a search of `alone(instance)` came to.
    settings
        The gap, and the clock.
    """
    own = search_batches(instance, name, settings.gap, settings.deadline, found.value)
    if own.decision is not None and own.value < found.value * (1 - EQUAL):
        bound, checked = min(found.bound, own.bound), min(found.checked, own.checked)
        if found.infeasible:
            bound, checked = own.bound, own.checked
        best = replace(found, infeasible=False, decision=own.decision, metrics=own.metrics, value=own.value)
        best.bound, best.checked, best.doubt, best.model_value = bound, checked, "", None
        _sooner(instance, name, best, settings)
    else:
        best = replace(found, infeasible=found.infeasible and own.infeasible)
        if not own.infeasible:
            best.bound, best.checked = min(found.bound, own.bound), min(found.checked, own.checked)
            best.doubt = found.doubt or own.doubt
    best.nodes += own.nodes
    best.beside = f"plans with batches of at most {_blocks(instance)} blocks: Lagrangian bounds, {own.nodes:,} MILPs"
    return best


def _sooner(instance: Instance, name: Objective, best: SearchOutcome, settings: SearchSettings) -> None:
    """Of plans with batches that cost as much take the fastest, in the worst case."""
    wanted = name == "cost" and order_of(instance)[:1] == ("latency",) and instance.latency_measure == "worst"
    if not wanted or best.metrics is None or not best.proven(settings.gap):
        return
    known = best.metrics.objective("latency", "worst")
    held = at_most(instance, "cost", best.value)
    sooner = search_batches(held, "latency", settings.gap, settings.deadline, known * (1 - EQUAL))
    if sooner.decision is not None and sooner.metrics is not None:
        best.decision, best.metrics = sooner.decision, sooner.metrics
        best.value = sooner.metrics.objective(name, instance.latency_measure)


def decision_of(instance: Instance, structure: Structure, levels: Sequence[int]) -> Decision:
    """Return a structure at thresholds as a placement.

    Parameters
    ----------
    instance
        What it is of.
    structure
        What runs each block: one pool.
    levels
        Positions in the menus, by stage.
    """
    options, blocks = list[int](), []
    for choice in structure:
        p = choice.function if choice.machine is None else choice.machine
        assert p is not None
        options += [p] * (choice.last + 1 - choice.first)
        blocks.append(BatchedBlock(choice.first, choice.last, choice.batch, choice.batch_wait_s))
    weights = [
        tuple(float(k == level) for k in range(len(menu.exit_rates)))
        for menu, level in zip(instance.menus, levels, strict=False)
    ]
    kept = weights[: len(options)]
    return Decision(tuple(options), tuple(kept), batches=tuple(blocks))


def _closer(instance: Instance, name: Objective, gap: float, deadline: Deadline, below: float) -> SearchOutcome:
    """The least of another objective: limits on it are closed in between what is had and what cannot be."""
    found = SearchOutcome()
    most = min(below, ceiling(instance, name))
    low = -1.0 if name == "accuracy" else 0.0
    asked = most
    for _ in range(ROUNDS):
        held = instance if math.isinf(asked) else at_most(instance, name, asked)
        own = _cheapest(held, gap, deadline, first=True)
        found.nodes += own.nodes
        if own.metrics is not None:
            value = own.metrics.objective(name, instance.latency_measure)
            found.offer(own.decision, own.metrics, value)  # type: ignore[arg-type]  # there with its metrics
            most = min(most, value)
        elif not own.infeasible:
            found.doubt = own.doubt
            break
        elif found.decision is None and asked == most:
            found.infeasible = True
            low = most
            break
        else:
            low = asked
        if most - low <= gap * abs(most):
            break
        asked = (most + low) / 2
    found.bound = found.checked = low
    return found
