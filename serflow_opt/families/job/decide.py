"""A plan of a job as documents have it, and back; what else could be decided; and what stands in the way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from serflow_opt.errors import InputError, Problem, nearest
from serflow_opt.families.job.evaluate import account, value
from serflow_opt.families.job.menu import KINDS, menu_of
from serflow_opt.families.job.problem import Job, JobPlan, offered
from serflow_opt.families.protocol import Goal, Other

WORDS = {
    "functions": "the best on functions alone",
    "machines": "the best on machines alone",
    "in turn": "the best on functions while machines boot, then on machines",
}
TIMES = ("start_s", "load_s", "compute_s", "exchange_s", "restart_s", "handover_s")
MONEY = ("workers_usd", "calls_usd", "requests_usd", "channel_usd")


def told(job: Job, plan: JobPlan) -> dict[str, Any]:
    """Return a plan as documents have it, and where its time and money go.

    Parameters
    ----------
    job, plan
        What was decided of what.
    """
    found = account(job, plan)
    names = [None if n < 0 else job.options[n].name for n in (plan.function, plan.machine)]
    kind = "functions" if plan.machine < 0 else "machines" if plan.function < 0 else "in turn"
    return {
        "platform": kind,
        "function": names[0],
        "machine": names[1],
        "workers": job.workers[plan.workers],
        "channel": job.channels[plan.channel].name,
        "pattern": plan.pattern,
        "synchronous": plan.pattern != "asynchronous",
        "algorithm": job.algorithms[plan.algorithm].name,
        "rounds": found.rounds,
        "rounds_on_functions": plan.first_rounds if kind == "in turn" else found.rounds if kind == "functions" else 0,
        "restarts": found.restarts,
        "seconds": {name.removesuffix("_s"): getattr(found, name) for name in TIMES},
        "usd": {name.removesuffix("_usd"): getattr(found, name) for name in MONEY},
    }


def decided(job: Job, document: Mapping[str, Any]) -> JobPlan:
    """Return the plan of a document.

    Raises
    ------
    InputError
        For anything that the job does not offer.
    """
    problems: list[Problem] = []

    def place(key: str, names: list[str], empty: bool = False) -> int:
        given = document.get(key)
        if given is None and empty:
            return -1
        if str(given) not in names:
            problems.append(Problem("plan", key, f"{given!r}", nearest(str(given), names)))
            return 0
        return names.index(str(given))

    whose = [[o.name if o.is_function is f else "" for o in job.options] for f in (True, False)]
    function, machine = place("function", whose[0], True), place("machine", whose[1], True)
    workers = place("workers", [str(w) for w in job.workers])
    channel = place("channel", [own.name for own in job.channels])
    algorithm = place("algorithm", [own.name for own in job.algorithms])
    patterns = [own for own in offered(job.channels[channel]) if own != "asynchronous" or job.asynchronous]
    pattern = patterns[place("pattern", patterns)] if patterns else ""
    if function < 0 and machine < 0:
        problems.append(Problem("plan", "function, machine", "neither", "name one, or both for one after the other"))
    for n in (function, machine):
        if n >= 0 and not problems and channel not in job.options[n].channels:
            found = f"{job.options[n].name} does not use '{job.channels[channel].name}'"
            names = ", ".join(job.channels[c].name for c in job.options[n].channels)
            problems.append(Problem("plan", "channel", found, f"name one of {names}"))
    first = document.get("rounds_on_functions", 0) if function >= 0 and machine >= 0 else 0
    if not isinstance(first, int) or isinstance(first, bool):
        problems.append(Problem("plan", "rounds_on_functions", f"{first!r}", "write a whole number"))
    if problems:
        raise InputError(problems)
    return JobPlan(function, machine, workers, channel, pattern, algorithm, first)


def others(job: Job, goal: Goal) -> list[Other]:
    """Return the best of each kind of platform, limits aside, and what all rows on one worker come to.

    Parameters
    ----------
    job, goal
        What is minimised.
    """
    menu = menu_of(job)
    found = []
    for k, kind in enumerate(KINDS):
        rows = [n for n, own in enumerate(menu.kinds) if own == k]
        if rows:
            best = min(rows, key=lambda n: _of(menu.values[n].tolist(), goal))
            found.append(Other(kind, WORDS[kind], value(job, menu.plans[best]).values))
    return found


def _of(values: list[float], goal: Goal) -> float:
    known = dict(zip(("time", "cost", "functions"), values, strict=True))
    return sum(by * known[name] for name, by in goal.items())


def obstacles(job: Job, limits: Mapping[str, float]) -> list[str]:
    """Say why no row of the menu is on offer, where that is so, whatever the limits."""
    if menu_of(job).plans:
        return []
    most = job.workers[-1]
    needs = (job.data_bytes / most + job.memory_copies * job.model_bytes) / 2**20
    largest = max(own.memory_bytes for own in job.options) / 2**20
    found = [f"none of {menu_of(job).counted[0]:,} rows can be had"]
    if needs > largest:
        return [f"{most} workers hold {needs:,.0f} MB each, and the largest has {largest:,.0f} MB"]
    return [*found, "items are too large for stores, or no round fits the life of a function"]
