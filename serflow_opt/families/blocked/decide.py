"""A plan of a task graph as documents have it, and back; what else can be decided; and what stands in the way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from serflow_opt.errors import InputError, Problem, nearest
from serflow_opt.families.blocked.evaluate import ScheduleAccount, account, value
from serflow_opt.families.blocked.menu import menu_of
from serflow_opt.families.blocked.problem import Blocked, BlockedPlan
from serflow_opt.families.protocol import Other
from serflow_opt.ground.arrays import Floats, Ints
from serflow_opt.ground.tolerances import EQUAL

TOLD = 200
"""Tasks up to which a document has all of them, with their workers; and moments at which it says how many work."""


def told(problem: Blocked, plan: BlockedPlan) -> dict[str, Any]:
    """Return a plan as documents have it: what is decided, the graph, how well workers are used, and tasks if few.

    Parameters
    ----------
    problem, plan
        What was decided of what.
    """
    graph, found, workers = plan.graph, account(problem, plan), problem.workers[plan.workers]
    own = menu_of(problem).timed(plan.block, plan.option)
    moments = np.linspace(0.0, found.makespan, TOLD)
    at_work = _at_once(found.starts, moments) - _at_once(found.finishes, moments)
    document: dict[str, Any] = {
        "algorithm": problem.algorithm or "own graph",
        "block": problem.blocks[plan.block] or None,
        "option": problem.options[plan.option].name,
        "workers": workers,
        "tasks": len(graph.kind),
        "tasks_by_kind": {
            kind.name: int(n)
            for kind, n in zip(graph.kinds, np.bincount(graph.kind, minlength=len(graph.kinds)), strict=True)
        }
        if problem.algorithm
        else {},
        "path_s": own.path,
        "bound_s": own.bound(workers) + found.start_s,
        "busy": found.busy / (workers * found.makespan),
        "read_tb": found.read_bytes / 1e12,
        "written_tb": found.write_bytes / 1e12,
        "usd": {name: getattr(found, f"{name}_usd") for name in ("workers", "calls", "requests", "storage")},
        "at_work": {"s": moments.tolist(), "workers": at_work.tolist()},
    }
    if len(graph.kind) <= TOLD:
        document["schedule"] = [
            {
                "task": graph.name(n),
                "worker": worker + 1,
                "from_s": float(found.starts[n]),
                "to_s": float(found.finishes[n]),
            }
            for n, worker in enumerate(_workers(found))
        ]
    return document


def _at_once(moments: Floats, upto: Floats) -> Ints:
    counted: Ints = np.searchsorted(np.sort(moments), upto, side="right")
    return counted


def _workers(found: ScheduleAccount) -> list[int]:
    """Give each task a worker: the first that is free when it starts."""
    free: list[float] = []
    whose = [0] * len(found.starts)
    for n in np.lexsort((found.finishes, found.starts)).tolist():
        slack = EQUAL * found.makespan
        worker = next((w for w, end in enumerate(free) if end <= found.starts[n] + slack), len(free))
        free[worker : worker + 1] = [float(found.finishes[n])]
        whose[n] = worker
    return whose


def decided(problem: Blocked, document: Mapping[str, Any]) -> BlockedPlan:
    """Return the plan of a document, with the list schedule of what it names.

    Raises
    ------
    InputError
        For what the problem does not offer.
    """
    problems: list[Problem] = []
    menu, offered = (
        menu_of(problem),
        {
            "block": [str(own or None) for own in problem.blocks],
            "option": [own.name for own in problem.options],
            "workers": [str(own) for own in problem.workers],
        },
    )
    places = []
    for key, names in offered.items():
        given = str(document.get(key))
        if given not in names:
            problems.append(Problem("plan", key, repr(document.get(key)), nearest(given, names)))
            continue
        places.append(names.index(given))
    row = tuple(places)
    if not problems and row not in menu.rows:
        found = f"block {document.get('block')} on {document.get('workers')} x {document.get('option')}"
        problems.append(Problem("plan", "block", found, "smaller blocks or fewer workers: it is not on offer"))
    if problems:
        raise InputError(problems)
    return menu.plan(menu.rows.index(row))  # type: ignore[arg-type]


def others(problem: Blocked, plan: BlockedPlan) -> list[Other]:
    """Return other block sizes with the workers of a plan, and half and twice its workers where on offer.

    Parameters
    ----------
    problem, plan
        What was decided of what.
    """
    menu, found = menu_of(problem), []
    for b, block in enumerate(problem.blocks):
        row = (b, plan.option, plan.workers)
        if b != plan.block and row in menu.rows:
            valued = value(problem, menu.plan(menu.rows.index(row))).values
            found.append(Other(f"block {block}", "with the same workers", valued))
    here = problem.workers[plan.workers]
    for name, wanted in (("half", here / 2), ("twice", here * 2)):
        p = min(range(len(problem.workers)), key=lambda n: abs(problem.workers[n] - wanted))
        row = (plan.block, plan.option, p)
        if p != plan.workers and row in menu.rows:
            valued = value(problem, menu.plan(menu.rows.index(row))).values
            found.append(Other(f"{problem.workers[p]} workers", f"about {name} as many", valued))
    return found


def obstacles(problem: Blocked, limits: Mapping[str, float]) -> list[str]:
    """Say why no row can be had, where that is so, whatever the limits."""
    if menu_of(problem).rows:
        return []
    return ["no worker holds the blocks, or there are fewer workers than any number on offer"]
