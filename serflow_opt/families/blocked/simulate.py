"""A task graph done task by task: the plan's workers, NumPyWren's rule, and the fluid's workers, side by side."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from serflow_opt.families.blocked.exact import MOST_TASKS
from serflow_opt.families.blocked.fluid import fluid_workers
from serflow_opt.families.blocked.menu import menu_of
from serflow_opt.families.blocked.problem import Blocked, BlockedOption, BlockedPlan
from serflow_opt.families.blocked.schedule import TimedGraph
from serflow_opt.families.events.result import EventsSimulated, Scatter, StaffRow, simulated_plan, told
from serflow_opt.families.events.run import Activities, Ran, Staff, enough, run, thinned
from serflow_opt.families.simulated import decision_to_run
from serflow_opt.ground.arguments import Arguments
from serflow_opt.ground.stopping import stoppable
from serflow_opt.ground.tolerances import TOLERANCE

if TYPE_CHECKING:
    from serflow_opt.families.answer import Solution
    from serflow_opt.families.protocol import Question
    from serflow_opt.ground.arrays import Floats

SHARE = 0.5
"""NumPyWren's scaling factor."""
EVERY_S = 60.0
"""Seconds between its launches."""
MORE = (1.0, 1.02, 1.05, 1.1, 1.2, 1.35, 1.5, 2.0, 3.0)
"""Times the fluid's workers that whole tasks are given, until they are done in time."""


@stoppable()
def simulate(
    problem: Question,
    plan: Solution | Mapping[str, Any] | None = None,
    *,
    runs: int | None = None,
    seed: int = 0,
    times: str = "fixed",
    cv: float = 0.5,
    share: float = SHARE,
    every_s: float = EVERY_S,
    on_progress: Callable[[str], None] | None = None,
) -> EventsSimulated:
    """Do a graph by a plan, and with workers that come and go.

    Parameters
    ----------
    problem
        Of kind blocked.
    plan
        An answer, or its document; None: the best there is.
    runs, seed
        Where times scatter: how many runs; of all that is drawn.
    times, cv
        fixed, lognormal or pareto; coefficient of variation of the seconds of a task.
    share, every_s
        Of NumPyWren's rule: where there are fewer workers than this share of the tasks that wait, as many are started
        as wait; seconds between its looks.
    on_progress
        Called with what is being done.

    Raises
    ------
    InputError
        For arguments that are none, and for a plan that does not fit.
    """
    from serflow_opt.families.registry import family_of

    with Arguments() as given:
        share, every_s = given.number("share", share, above=True), given.number("every_s", every_s, above=True)
    family, data = family_of(problem), problem.data
    decision: BlockedPlan = decision_to_run(problem, plan, on_progress)
    own = menu_of(data).timed(decision.block, decision.option)
    scatter = Scatter(runs, seed, times, cv, len(own.seconds))
    told(on_progress, "simulating")
    option, workers = data.options[decision.option], data.workers[decision.workers]
    small = len(own.seconds) <= MOST_TASKS  # scheduled exactly: in the order of the plan
    ranks = _ranks(decision.starts) if small else _ranks(-(own.seconds + own.behind))
    graph = own.graph
    tasks = Activities(graph.ends, graph.after.astype(np.int64), graph.waits.astype(np.int64), ranks)
    staff = enough(workers, option.start_s, in_order=small)
    seen, ended, paid = None, [], []
    for _ in range(scatter.runs):
        seconds = scatter.seconds(own.seconds)
        ran = run(tasks, seconds, staff)
        seen = seen or ran
        ended.append(ran.time)
        paid.append(_cost(data, option, own, ran, float(seconds.sum())))
    assert seen is not None
    values = family.evaluate(problem, decision).values
    told(on_progress, "comparing ways to have workers")
    staffs = _staffs(option, own, tasks, run(tasks, own.seconds, staff), share, every_s, data.pipeline)
    notes = ["ways to have workers: times as stated"] if scatter.law.scatters else []
    return simulated_plan(
        problem, decision, scatter, (values["time"], values["cost"]), (ended, paid), staffs=staffs, notes=notes
    )


def _ranks(first: Floats) -> Any:
    ranks = np.empty(len(first), dtype=np.int64)
    ranks[np.argsort(first, kind="stable")] = np.arange(len(first))
    return ranks


def _cost(data: Blocked, option: BlockedOption, own: TimedGraph, ran: Ran, busy: float) -> float:
    """USD of a run, task by task."""
    graph, store = own.graph, data.store
    paid = busy if option.is_function else ran.worker_s
    many = np.bincount(graph.kind, minlength=len(graph.kinds)).tolist()
    cost = paid * option.usd_per_s + len(graph.kind) * option.usd_per_call
    for n, kind in zip(many, graph.kinds, strict=True):
        cost += n * (kind.reads * store.usd_per_read + kind.writes * store.usd_per_write)
        cost += n * kind.write_bytes * store.usd_per_byte_s * (ran.time - option.start_s)
    return float(cost)


def _staffs(
    option: BlockedOption,
    own: TimedGraph,
    tasks: Activities,
    planned: Ran,
    share: float,
    every_s: float,
    width: int,
) -> list[StaffRow]:
    """The plan's workers, the rule's, and the fluid's in the time of each."""
    most = int(min(option.count_max, len(own.seconds)))
    rule = run(tasks, own.seconds, _rule(share, every_s, option.start_s, most, width))
    words = f"every {every_s:g} s as many as wait, where fewer than {share:g} of them"
    rows = [
        _row("as planned", "the same number from the start to the end", option, own, planned, most),
        _row(f"rule {share:g}", words, option, own, rule, most),
    ]
    for name, ran in (("fluid, plan's time", planned), ("fluid, rule's time", rule)):
        followed = _followed(option, own, tasks, ran.time, most)
        if followed is not None:
            rows.append(_row(name, "the fluid's workers, followed by whole tasks", option, own, followed, most))
    return rows


def _rule(share: float, every_s: float, start_s: float, most: int, width: int) -> Staff:
    """NumPyWren's: few workers beside what waits start as many as wait; whoever finds nothing to do leaves."""

    def wanted(now: float, waiting: int, here: int) -> int:
        if here >= math.ceil(share * waiting / width):
            return here
        return min(max(math.ceil(waiting / width), here), most)

    return Staff(wanted, every_s=every_s, start_s=start_s, leave=True)


def _followed(option: BlockedOption, own: TimedGraph, tasks: Activities, time: float, most: int) -> Ran | None:
    """The fluid's workers, a little more of them and a period sooner, as few as are done in time; else the soonest."""
    flow = fluid_workers(own, time - option.start_s, option.start_s, most)
    if flow is None:
        return None
    period, sooner = flow.period_s, np.maximum(flow.workers, np.append(flow.workers[1:], 0.0))
    moments = [k * period for k in range(len(sooner))]
    best: Ran | None = None
    for more in MORE:
        levels = np.minimum(np.ceil(sooner * more - TOLERANCE), most).astype(int).tolist()

        def wanted(now: float, waiting: int, here: int, levels: list[int] = levels) -> int:
            return max(levels[min(int(now / period + TOLERANCE), len(levels) - 1)], 1)

        ran = run(tasks, own.seconds, Staff(wanted, moments, start_s=option.start_s))
        best = ran if best is None or ran.time < best.time else best
        if ran.time <= time * (1 + TOLERANCE):
            return ran
    return best


def _row(name: str, words: str, option: BlockedOption, own: TimedGraph, ran: Ran, most: int) -> StaffRow:
    bound = fluid_workers(own, ran.time - option.start_s, option.start_s, most)
    moments, workers = thinned(ran.at_work, ran.time)
    return StaffRow(
        name=name,
        words=words,
        time_s=ran.time,
        most=ran.most,
        worker_s=ran.worker_s,
        busy=own.work / ran.worker_s,
        usd=ran.worker_s * option.usd_per_s,
        bound_worker_s=own.work if bound is None else bound.worker_s,
        at_work={"s": moments, "workers": [float(own) for own in workers]},
    )
