"""What others would decide for the same applications: each alone, all together, and requests divided evenly."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from serflow_opt.families.batching.configured import cheapest_of
from serflow_opt.families.batching.evaluate import value
from serflow_opt.families.batching.menu import BatchingMenu
from serflow_opt.families.batching.problem import Application, Batching
from serflow_opt.families.batching.search import menu_of
from serflow_opt.families.protocol import Other
from serflow_opt.ground.tolerances import ROUNDING


def others(problem: Batching) -> list[Other]:
    """Return what each of these ways comes to; those that cannot be had are left out.

    Parameters
    ----------
    problem
        The problem; its limits do not matter.
    """
    count = len(problem.applications)
    alone = [(w,) for w in range(count)]
    found = [_other("alone", "each application alone", problem, menu_of(problem), alone)]
    cpu = tuple(own for own in problem.functions if own.unit == "vCPU")
    if cpu and len(cpu) < len(problem.functions):
        on_cpu = replace(problem, functions=cpu)
        found.append(
            _other("alone on CPU", "each application alone, on CPU: BATCH", on_cpu, BatchingMenu(on_cpu), alone)
        )
    if count > 1:
        found.append(_other("together", "all in one group", problem, menu_of(problem), [tuple(range(count))]))
        evenly = [own for own in (_divided(problem, parts) for parts in range(2, count + 1)) if own is not None]
        found += sorted(evenly, key=_cost)[:1]
    return [own for own in found if own is not None]


def _cost(own: Other) -> float:
    return math.inf if own.values is None else own.values["cost"]


def _other(
    name: str, words: str, problem: Batching, menu: BatchingMenu, groups: Sequence[tuple[int, ...]]
) -> Other | None:
    """The cheapest configuration of given groups."""
    chosen = [cheapest_of(menu, group, problem.promises[-1]) for group in groups]
    plan = [own.group for own in chosen if own is not None]
    return Other(name, words, value(problem, tuple(plan)).values) if len(plan) == len(groups) else None


def _divided(problem: Batching, parts: int) -> Other | None:
    """Groups of as many requests each, in the order of targets: an application may be in two."""
    share = problem.rate / parts
    pieces: list[Application] = []
    groups: list[list[int]] = [[]]
    left = share
    for app in problem.applications:
        rate = app.rate
        while rate > ROUNDING * problem.rate:
            if left <= ROUNDING * problem.rate:
                groups.append([])
                left = share
            taken = min(rate, left)
            groups[-1].append(len(pieces))
            pieces.append(replace(app, rate=taken))
            rate, left = rate - taken, left - taken
    divided = replace(problem, applications=tuple(pieces))
    words = f"requests divided into {parts} groups of as many each, by target: MBS+"
    return _other("evenly", words, divided, BatchingMenu(divided), [tuple(own) for own in groups])
