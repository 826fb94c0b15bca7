"""Classifiers on or off where machines are counted: each set of them that may be on is a network of its own."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import replace
from functools import update_wrapper
from typing import TYPE_CHECKING, Any

from serflow_opt.errors import InputError, Problem
from serflow_opt.ground.arguments import as_number
from serflow_opt.ground.deadline import Deadline
from serflow_opt.ground.gaps import relative_gap
from serflow_opt.ground.tolerances import EQUAL
from serflow_opt.plan.decision import Decision
from serflow_opt.plan.names import resolve
from serflow_opt.problem.ramps import ramp_sets, with_on

if TYPE_CHECKING:
    from serflow_opt.problem.instance import Instance
    from serflow_opt.traffic.provision.result import Deployment

MOST_SETS = 256
"""Sets of classifiers that are looked into, each by a search of its own."""


def of_each_set(verb: Callable[..., Deployment]) -> Callable[..., Deployment]:
    """Let a search of networks as they are take those whose classifiers may be on or off, too."""

    def asked(instance: Instance, *args: Any, **kwargs: Any) -> Deployment:
        if not instance.ramps:
            return verb(instance, *args, **kwargs)
        plan = kwargs.get("plan")
        if plan is not None:
            instance, decision = resolve(instance, plan)
            on = [s for s in range(len(decision.options)) if instance.is_ramp(decision.variant(s))]
            kept = Decision(decision.options, decision.weights, decision.ways)
            return verb(with_on(instance, on), *args, **{**kwargs, "plan": kept})
        return _best(verb, instance, args, kwargs)

    update_wrapper(asked, verb)
    return asked


def _best(verb: Callable[..., Deployment], instance: Instance, args: Any, kwargs: dict[str, Any]) -> Deployment:
    """Return the cheapest deployment of all sets, with what is proven of all of them."""
    sets = list(itertools.islice(ramp_sets(instance), MOST_SETS + 1))
    if len(sets) > MOST_SETS:
        cure = "let fewer be on: exits.ramps_max = 2, or take the columns ramp_flops and ramp_parameter_bytes away"
        many = f"{instance.ramps} classifiers on or off: more than {MOST_SETS} sets to provision"
        raise InputError([Problem(instance.name, "exits.ramps_max", many, cure)])
    limit = kwargs.get("time_limit")
    deadline = Deadline(None if limit is None else as_number(limit))
    found: list[Deployment] = []
    for on in sets:
        left = {} if limit is None else {"time_limit": max(deadline.left, 0.0)}
        found.append(verb(with_on(instance, on), *args, **{**kwargs, **left}))
    best = min(found, key=lambda own: (own.refuted, own.usd_per_s))
    bounds = [own.bound if own.status != "infeasible" else math.inf for own in found]
    checked = [own.checked_bound if own.status != "infeasible" else math.inf for own in found]
    method = f"{best.method}; the best of {len(sets)} sets of classifiers that may be on, each searched alone"
    if not best.parts:
        open_ = next((own for own in found if own.status != "infeasible"), best)
        return replace(open_, method=method, seconds=deadline.seconds)
    proven = relative_gap(best.usd_per_s, min(bounds)) <= kwargs.get("gap", 1e-3) * (1 + EQUAL)
    agrees = best.simulated is None or best.simulated.agrees
    return replace(
        best,
        status="optimal" if proven and agrees else "feasible",
        bound=min(bounds),
        checked_bound=min(checked),
        method=method,
        seconds=deadline.seconds,
    )
