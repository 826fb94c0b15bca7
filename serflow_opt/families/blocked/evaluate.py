"""The witness: a schedule held against its graph, moment by moment; shares no code with what made it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from serflow_opt.families.blocked.problem import Blocked, BlockedPlan, TaskGraph
from serflow_opt.families.protocol import Valued
from serflow_opt.ground.arrays import Floats
from serflow_opt.ground.tolerances import ROUNDING, TOLERANCE
from serflow_opt.plan.document import Breach


@dataclass(frozen=True, slots=True, eq=False)
class ScheduleAccount:
    """What a schedule comes to; USD, bytes, seconds."""

    makespan: float
    start_s: float
    busy: float
    read_bytes: float
    write_bytes: float
    workers_usd: float
    calls_usd: float
    requests_usd: float
    storage_usd: float
    starts: Floats
    finishes: Floats
    breaches: tuple[Breach, ...]

    @property
    def cost(self) -> float:
        """USD."""
        return math.fsum((self.workers_usd, self.calls_usd, self.requests_usd, self.storage_usd))


def account(problem: Blocked, plan: BlockedPlan) -> ScheduleAccount:
    """Tell what a plan comes to.

    Parameters
    ----------
    problem, plan
        What was decided of what.
    """
    graph = plan.graph
    option, store, workers = problem.options[plan.option], problem.store, problem.workers[plan.workers]
    reads_s = [k.reads * store.latency_s + k.read_bytes / store.read_bytes_per_s for k in graph.kinds]
    writes_s = [k.writes * store.latency_s + k.write_bytes / store.write_bytes_per_s for k in graph.kinds]
    works_s = [k.flops / option.flops_per_s + k.seconds / option.speed for k in graph.kinds]
    join = max if problem.pipeline >= 2 else sum
    takes = np.array([join(parts) for parts in zip(works_s, reads_s, writes_s, strict=True)])[graph.kind]
    finishes = plan.starts + takes
    many = [int((graph.kind == k).sum()) for k in range(len(graph.kinds))]
    made = list(zip(many, graph.kinds, strict=True))
    makespan, busy = float(finishes.max()), math.fsum(n * takes[graph.kind == k][:1].sum() for k, n in enumerate(many))
    written = math.fsum(n * kind.write_bytes for n, kind in made)
    paid_s = busy if option.is_function else workers * (makespan + option.start_s)
    asked = math.fsum(n * (k.reads * store.usd_per_read + k.writes * store.usd_per_write) for n, k in made)
    return ScheduleAccount(
        makespan,
        option.start_s,
        busy,
        math.fsum(n * kind.read_bytes for n, kind in made),
        written,
        paid_s * option.usd_per_s,
        len(takes) * option.usd_per_call,
        asked,
        written * makespan * store.usd_per_byte_s,
        plan.starts,
        finishes,
        _breaches(problem, plan, graph, finishes, makespan),
    )


def _breaches(
    problem: Blocked, plan: BlockedPlan, graph: TaskGraph, finishes: Floats, makespan: float
) -> tuple[Breach, ...]:
    """What breaks the order of tasks, the number of workers, or their memory."""
    found, starts, workers = [], plan.starts, problem.workers[plan.workers]
    size = makespan or 1.0
    before = np.repeat(np.arange(len(starts)), np.diff(graph.ends))
    early = float((finishes[before] - starts[graph.after]).max(initial=0.0)) / size
    early = max(early, -float(starts.min(initial=0.0)) / size)
    if early > TOLERANCE:
        found.append(Breach(limit="order of tasks", value=early, bound=0.0, excess=early))
    moments = np.concatenate([starts, finishes - ROUNDING * size])
    change = np.repeat([1, -1], len(starts))
    most = int(np.cumsum(change[np.lexsort((change, moments))]).max())
    if most > min(workers, problem.options[plan.option].count_max):
        found.append(Breach(limit="workers", value=most, bound=workers, excess=most / workers - 1))
    block, memory = problem.blocks[plan.block], problem.options[plan.option].memory_bytes
    needs = max([problem.held * block * block * 8, *(kind.memory_bytes for kind in graph.kinds)])
    if needs > memory * (1 + TOLERANCE):
        found.append(Breach(limit="memory", value=needs, bound=memory, excess=needs / memory - 1))
    return tuple(found)


def value(problem: Blocked, plan: BlockedPlan) -> Valued:
    """Value a plan exactly.

    Parameters
    ----------
    problem, plan
        What was decided of what.
    """
    told = account(problem, plan)
    values = {"time": told.start_s + told.makespan, "cost": told.cost}
    return Valued({**values, "workers": float(problem.workers[plan.workers])}, told.breaches)
