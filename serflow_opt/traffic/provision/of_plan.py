"""A plan as it stands, with machines counted for it: blocks, options and thresholds are the plan's own.

`solve` with whole machines counts them by the work there is (survey 2.2.3), as if requests came evenly; at random some
wait, and how many machines a latency target asks for then is what `provision` finds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import groupby

from serflow_opt.errors import InputError, Problem
from serflow_opt.ground.tolerances import TOLERANCE
from serflow_opt.plan.names import Given, resolve
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.network import Menu
from serflow_opt.traffic.provision.result import Deployment
from serflow_opt.traffic.provision.structures import Structure

KEPT = "the plan's blocks, options and thresholds as they are"
"""What the question is narrowed to."""


@dataclass(frozen=True, slots=True)
class HeldInstance:
    """An instance held to a plan.

    Attributes
    ----------
    instance
        With the plan's options and thresholds only.
    options
        Positions of these options in the instance as it was.
    levels
        Positions of these thresholds in the menus as they were, one a stage that is run.
    runs
        For each run of stages on one option, or block of batches, its option's position among `options`, and stages.
    """

    instance: Instance
    options: tuple[int, ...]
    levels: tuple[int, ...]
    runs: tuple[tuple[int, int], ...]

    def plans(self, structure: Structure) -> bool:
        """Whether a structure is the plan's: its blocks, each with the one pool that the plan has."""
        if any(choice.machine is not None and choice.function is not None for choice in structure):
            return False
        pools = [choice.function if choice.machine is None else choice.machine for choice in structure]
        return self.runs == tuple((p, c.last - c.first + 1) for p, c in zip(pools, structure, strict=True))

    def as_asked(self, found: Deployment) -> Deployment:
        """Return a deployment of the held instance with positions of the instance as it was."""

        def was(p: int | None) -> int | None:
            return None if p is None else self.options[p]

        structure = tuple(replace(c, machine=was(c.machine), function=was(c.function)) for c in found.structure)
        scope = "; ".join(filter(None, (KEPT, found.scope)))
        return replace(found, structure=structure, levels=self.levels[: len(found.levels)], scope=scope)


def held_to(instance: Instance, plan: Given) -> HeldInstance:
    """Hold an instance to a plan.

    Parameters
    ----------
    instance
        What the plan is of.
    plan
        A plan, its document, or the path of one.

    Raises
    ------
    InputError
        When the plan does not fit, or shares a stage between thresholds.
    """
    instance, decision = resolve(instance, plan)
    problems = [
        Problem(instance.name, f"plan, thresholds, stage {s}", "a mix", "write a plan with one threshold a stage")
        for s, weights in enumerate(decision.weights, start=1)
        if max(weights) < 1 - TOLERANCE
    ]
    if problems:
        raise InputError(problems)
    options = tuple(sorted(set(decision.options)))
    levels = tuple(max(range(len(weights)), key=weights.__getitem__) for weights in decision.weights)
    menus = tuple(_entry(menu, level) for menu, level in zip(instance.menus, levels, strict=False))
    held = replace(
        instance,
        options=tuple(instance.options[p] for p in options),
        menus=menus + instance.menus[len(menus) :],
        minimize="cost",  # all else is decided
    )
    where = [(p, decision.block(s)) for s, p in enumerate(decision.options)]
    runs = tuple((options.index(p), len(list(stages))) for (p, _), stages in groupby(where))
    return HeldInstance(held, options, levels, runs)


def _entry(menu: Menu, level: int) -> Menu:
    """Return a menu with one of its entries."""
    return Menu(menu.thresholds[level : level + 1], (menu.exit_rates[level],), (menu.accuracies[level],))
