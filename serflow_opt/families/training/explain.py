"""Why a training takes what it takes: who holds a round up, what a worker more buys, and all modes side by side."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from pydantic import Field

from serflow_opt.families.answer import Achieved, Solution
from serflow_opt.families.explain import LimitCosts
from serflow_opt.families.explain import explain as explain_limits
from serflow_opt.families.protocol import Question
from serflow_opt.families.registry import family_of
from serflow_opt.families.solve import answer
from serflow_opt.families.training.problem import Training
from serflow_opt.ground.deadline import Deadline
from serflow_opt.ground.document import Document
from serflow_opt.ground.tolerances import DEFAULT_GAP
from serflow_opt.search.outcome import SearchSettings

ONE_CUT = "hybrid, one cut for all"


class HeldUp(Document):
    """What a group does in a round, and how long it waits for the round to end; seconds."""

    client: str
    chain_s: float
    waits_s: float
    most: str = Field(description="what most of its chain is spent on: computes, sends, receives or server")


class WorkerMore(Document):
    """What the goal is with a server's worker more."""

    server: str
    workers: int
    value: float | None
    better_by: float | None


class Mode(Document):
    """The best of a mode within the same limits."""

    mode: str
    status: str
    value: float | None
    bound: float | None
    metrics: list[Achieved] = Field(default=[])


class TrainingCosts(LimitCosts):
    """What limits cost, who holds up a round, a worker more, and every mode, as `explain --json` prints it."""

    round_s: float | None = None
    held_up_by: str = ""
    groups: list[HeldUp] = Field(default=[])
    worker: WorkerMore | None = None
    modes: list[Mode] = Field(default=[])


def explain(
    problem: Question,
    *,
    gap: float = DEFAULT_GAP,
    time_limit: float | None = None,
    threads: int = 0,
    on_progress: Callable[[str], None] | None = None,
) -> TrainingCosts:
    """Solve a training, again with each limit loosened, with a worker more, and in each mode.

    Parameters
    ----------
    problem
        A training.
    gap, time_limit, threads, on_progress
        As `families.explain` takes them.
    """
    costs = explain_limits(problem, gap=gap, time_limit=time_limit, threads=threads, on_progress=on_progress)
    plan = costs.plan
    told = {name: getattr(costs, name) for name in LimitCosts.model_fields}

    def find(what: str, data: Training) -> Solution:
        if on_progress:
            on_progress(what)
        return answer(replace(problem, data=data), SearchSettings(gap, Deadline(time_limit), threads), ties=True)

    data: Training = problem.data
    modes = []
    for mode in data.modes:
        own = replace(data, settings=tuple(s for s in data.settings if s.mode == mode))
        modes.append(_mode(mode, find(f"mode {mode}", own)))
        if mode == "hybrid" and not data.same_cut and len(data.clients) > 1:
            modes.append(_mode(ONE_CUT, find(ONE_CUT, replace(own, same_cut=True))))
    if plan.plan is None:
        return TrainingCosts(**told, modes=modes)
    groups = _groups(plan.plan)
    return TrainingCosts(
        **told,
        round_s=plan.plan["round_s"],
        held_up_by=_held_up_by(plan.plan, groups),
        groups=groups,
        worker=_worker(problem, plan, find),
        modes=modes,
    )


def _mode(name: str, found: Solution) -> Mode:
    return Mode(mode=name, status=found.status, value=found.objective.value, bound=found.bound, metrics=found.metrics)


def _groups(plan: dict[str, Any]) -> list[HeldUp]:
    found = []
    length = max(plan["chain_s"], plan["served_s"])
    for own in plan["groups"]:
        if own["cut"] is None:
            continue
        parts = {name: own[f"{name}_s"] for name in ("computes", "sends", "receives", "server")}
        waits = max(length - own["chain_s"], 0.0)
        most = max(parts, key=lambda name: parts[name])
        found.append(HeldUp(client=own["client"], chain_s=own["chain_s"], waits_s=waits, most=most))
    return sorted(found, key=lambda own: -own.chain_s)


def _held_up_by(plan: dict[str, Any], groups: list[HeldUp]) -> str:
    if plan["mode"] == "split":
        return "clients one after another"
    if plan["served_s"] >= plan["chain_s"]:
        return f"server {plan['server']}"
    what = {"computes": "computing", "sends": "link up", "receives": "link down", "server": "server's part"}
    return f"client {groups[0].client}, its {what[groups[0].most]}"


def _worker(problem: Question, plan: Solution, find: Callable[[str, Training], Solution]) -> WorkerMore | None:
    """The best with a worker more of the same server; None: it has none, or functions."""
    assert plan.plan is not None
    data: Training = problem.data
    name, workers = plan.plan["server"], plan.plan["workers"]
    names = [own.name for own in data.servers]
    if name is None or data.servers[names.index(name)].is_function:
        return None
    s = names.index(name)
    more = tuple(
        own._replace(workers=workers + 1) for own in data.settings if own.server == s and own.workers == workers
    )
    found = find("a worker more", replace(data, settings=more))
    value, goal = found.objective.value, plan.objective.value
    sense = next(own.sense for own in family_of(problem).quantities if own.name == plan.objective.name)
    better = None
    if value is not None and goal is not None:
        better = goal - value if sense == "min" else value - goal
    return WorkerMore(server=name, workers=workers + 1, value=value, better_by=better)
