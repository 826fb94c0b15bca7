"""Plans one of which is the best at any rate, where machines are rented whole: found once, for all rates.

A plan keeps its machines busy for b seconds a request and pays g for all else; at a rate it costs
ceil(rate b / cap) machines and g a request. With one type of machine in a plan at most, both only rise with b and g:
whatever the rate, some plan is best that no other plan on the same type beats in b and g. The front of the two is
found type by type (`by_placement.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeVar

from serflow_opt.fronts.by_placement import front_of
from serflow_opt.ground.deadline import Deadline
from serflow_opt.ground.stopping import workers
from serflow_opt.plan.decision import Decision
from serflow_opt.problem.instance import Instance
from serflow_opt.search.placements import MOST
from serflow_opt.search.underestimates import busy_and_other, by_placement

Found = TypeVar("Found")


def covers(instance: Instance) -> bool:
    """Whether this finds the cheapest plans of an instance."""
    machines = [tier for tier in instance.tiers if tier.kind != "function"]
    timed = instance.latency_slo_s is not None and not by_placement(instance)
    others = (instance.cost_max_usd, instance.energy_max_j, instance.carbon_max_g, instance.privacy_max)
    limited = any(limit is not None for limit in others)
    one_type = len(machines) <= 1 and not any(tier.stage_specific for tier in machines)
    plain = instance.minimize == "cost" and not (instance.then or instance.families or instance.joint)
    plain &= not mixing(instance) or all(instance.machines_max(option) is None for option in instance.options)
    return plain and instance.accounting == "reserved" and one_type and not timed and not limited


def mixing(instance: Instance) -> bool:
    """Whether plans may mix thresholds."""
    return instance.threshold_mode != "menu" and any(menu.chooses for menu in instance.menus)


def offers(instance: Instance) -> list[list[int]]:
    """Return what a plan may use together: all functions, and one type of machine, each in turn."""
    machine = [p for p, option in enumerate(instance.options) if instance.tiers[option.tier].kind != "function"]
    functions = [p for p in range(len(instance.options)) if p not in machine]
    return [sorted([*functions, p]) for p in machine] or [functions]


def best_at_some_rate(
    instance: Instance, deadline: Deadline, jobs: int, on_type: Callable[[int, int], None]
) -> list[Decision] | None:
    """Return plans one of which is the best at any rate; None where there are too many placements.

    Parameters
    ----------
    instance
        One that `covers` takes, and that does not mix thresholds.
    deadline
        When to stop.
    jobs
        Processes.
    on_type
        Called with the types of machines that are done, of how many.

    Raises
    ------
    OutOfTime
        When the deadline passes.
    """
    fronts = by_offer(partial(_front, instance, deadline), offers(instance), jobs, on_type)
    return None if fronts is None else list(dict.fromkeys(own for front in fronts for own in front))


def by_offer(
    one: Callable[[list[int]], list[Found] | None],
    every: Sequence[list[int]],
    jobs: int,
    on_type: Callable[[int, int], None],
) -> list[list[Found]] | None:
    """Return what is found with each offer; None where that is not known of one.

    Parameters
    ----------
    one
        Finds it; it can be pickled.
    every
        The offers.
    jobs
        Processes.
    on_type
        Called with the offers that are done, of how many.
    """
    found: list[list[Found]] = []

    def take(own: list[Found] | None) -> bool:
        if own is not None:
            found.append(own)
        on_type(len(found), len(every))
        return own is not None

    if jobs > 1 and len(every) > 1:
        with workers(min(jobs, len(every)), "spawn") as pool:
            return found if all(take(own) for own in pool.map(one, every)) else None
    return found if all(take(one(offer)) for offer in every) else None


def _front(instance: Instance, deadline: Deadline, offer: list[int]) -> list[Decision] | None:
    """The front with some of the options; decisions are those of the whole instance."""
    some = replace(instance, options=tuple(instance.options[p] for p in offer))
    front = front_of(some, busy_and_other, (None, None), MOST, deadline=deadline)
    if front is None:
        return None
    deadline.check()  # a front that time cut short is none
    return [replace(own, options=tuple(offer[p] for p in own.options)) for own in front.decisions]
