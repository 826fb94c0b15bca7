"""Commitments as documents have them, and back; and what simpler rules come to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from serflow_opt.errors import InputError, Problem, nearest
from serflow_opt.families.commitment.evaluate import Spend, account, value
from serflow_opt.families.commitment.problem import Commitments
from serflow_opt.families.protocol import Other
from serflow_opt.ground.arguments import as_number
from serflow_opt.ground.tolerances import TOLERANCE


def told(data: Commitments, spend: Spend) -> dict[str, Any]:
    """Return commitments as documents have them, with what a year of each costs and saves.

    Parameters
    ----------
    data, spend
        What was decided of what.
    """
    own, plans = account(data, spend), []
    for p, plan in enumerate(data.plans):
        rate = next(iter(plan.rates.values()))
        made: dict[str, Any] = {"plan": plan.name, "usd_per_hour": spend[p]}
        if len(plan.rates) == 1:
            made["machines"] = spend[p] / rate
        made |= {
            "usd": float(own.committed[p]),
            "usd_upfront": float(own.upfront[p]),
            "used": float(own.used[p] / own.committed[p]) if own.committed[p] else 0.0,
            "usd_saved": float(own.saved[p] - own.committed[p]),
        }
        plans.append(made)
    return {"commitments": plans, "usd_on_demand": own.on_demand, "usd": own.cost}


def decided(data: Commitments, document: Mapping[str, Any]) -> Spend:
    """Return the commitments of a document: USD an hour by plan, 0 for those that it leaves out.

    Raises
    ------
    InputError
        For plans that there are not, and for amounts that cannot be bought.
    """
    names, problems = [plan.name for plan in data.plans], []
    spend = [0.0] * len(names)
    listed = document.get("commitments")
    if not isinstance(listed, Sequence) or isinstance(listed, str):
        raise InputError([Problem("plan", "commitments", repr(listed), "list plan and usd_per_hour of each")])
    for n, own in enumerate(listed, start=1):
        place, given = f"commitments[{n}]", own if isinstance(own, Mapping) else {}
        name, usd = given.get("plan"), as_number(given.get("usd_per_hour"))
        if name not in names:
            problems.append(Problem("plan", f"{place}.plan", repr(name), nearest(str(name), names)))
            continue
        step = data.plans[names.index(name)].step
        whole = not step or abs(usd / step - round(usd / step)) <= TOLERANCE * max(1.0, usd / step)
        if not usd >= 0 or usd == float("inf") or not whole:
            cure = f"a multiple of {step:g}" if step else "a number of at least 0"
            problems.append(Problem("plan", f"{place}.usd_per_hour", repr(given.get("usd_per_hour")), cure))
            continue
        spend[names.index(name)] = usd
    if problems:
        raise InputError(problems)
    return tuple(spend)


def others(data: Commitments) -> list[Other]:
    """Return what nothing, and each plan for the least and for the mean demand, comes to."""
    none = (0.0,) * len(data.plans)
    found = [Other("on demand", "nothing committed", value(data, none).values)]
    least, mean = data.demand.min(axis=0), np.average(data.demand, axis=0, weights=data.hours)
    for p, plan in enumerate(data.plans):
        for words, level in (("the least", least), ("the mean", mean)):
            usd = float(sum(rate * level[k] for k, rate in plan.rates.items()))
            usd = round(usd / plan.step) * plan.step if plan.step else usd
            spend = (*none[:p], usd, *none[p + 1 :])
            found.append(Other(f"{plan.name}: {words}", f"{words} demand under {plan.name}", value(data, spend).values))
    return found
