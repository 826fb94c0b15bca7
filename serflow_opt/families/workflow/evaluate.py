"""The witness: a workflow told phase by phase; shares no code with menu, search and model."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from serflow_opt.families.protocol import Valued
from serflow_opt.families.workflow.problem import Phase, PhaseRow, Workflow, WorkflowPlan
from serflow_opt.ground.tolerances import TOLERANCE
from serflow_opt.plan.document import Breach


@dataclass(slots=True)
class PhaseTold:
    """A phase: when it begins and ends, what its functions and servers cost, and how many functions run at once."""

    begin_s: float
    start_s: float = 0.0
    works_s: float = 0.0
    functions_usd: float = 0.0
    servers_usd: float = 0.0
    idle_usd: float = 0.0
    functions: float = 0.0

    @property
    def end_s(self) -> float:
        """When it is over."""
        return self.begin_s + self.start_s + self.works_s


@dataclass(slots=True)
class FlowTold:
    """All phases, and what does not hold."""

    phases: list[PhaseTold] = field(default_factory=list)
    breaches: list[Breach] = field(default_factory=list)

    @property
    def time(self) -> float:
        """Seconds until the last phase is over."""
        return max(own.end_s for own in self.phases)

    @property
    def cost(self) -> float:
        """USD."""
        return math.fsum(own.functions_usd + own.servers_usd + own.idle_usd for own in self.phases)


def account(flow: Workflow, plan: WorkflowPlan) -> FlowTold:
    """Tell when each phase begins and ends, and what it costs.

    Parameters
    ----------
    flow, plan
        What was decided of what.
    """
    found = FlowTold()
    comes_from = {after: before for before, after in plan.kept if before < after}
    for f, (phase, row) in enumerate(zip(flow.phases, plan.rows, strict=True)):
        told = PhaseTold(max((found.phases[p].end_s for p in phase.after), default=0.0))
        found.phases.append(told)
        if phase.kind == "job":
            told.works_s, told.functions_usd, told.functions, _ = phase.ready[row.ready]
            continue
        workers = phase.workers[row.workers]
        told.start_s = _started(flow.cloud.starts, workers)
        rent = 0.0
        if row.server >= 0:
            server = flow.servers[row.server]
            rent = row.servers * server.usd_per_s
            if f in comes_from:
                told.idle_usd = rent * (told.begin_s - found.phases[comes_from[f]].end_s)
            else:
                told.start_s = max(told.start_s, server.start_s)
        _work(flow, phase, row, told)
        told.servers_usd = rent * (told.start_s + told.works_s)
        if phase.kind == "map" and told.works_s > flow.cloud.life_s * (1 + TOLERANCE):
            excess = told.works_s / flow.cloud.life_s - 1
            found.breaches.append(
                Breach(limit=f"life of {phase.name}", value=told.works_s, bound=flow.cloud.life_s, excess=excess)
            )
    _check_kept(flow, plan, found)
    return found


def _started(starts: tuple[tuple[float, float], ...], workers: int) -> float:
    """Seconds until so many functions run."""
    before = starts[0]
    for number, seconds in starts:
        if workers <= number:
            if number == before[0]:
                return seconds
            return before[1] + (seconds - before[1]) * (workers - before[0]) / (number - before[0])
        before = (number, seconds)
    return before[1]


def _work(flow: Workflow, phase: Phase, row: PhaseRow, told: PhaseTold) -> None:
    cloud, memory = flow.cloud, phase.memory_mb[row.memory]
    workers, speed = phase.workers[row.workers], phase.memory_mb[row.memory] / cloud.mb_per_vcpu
    usd_per_s = memory / 1024 * cloud.usd_per_gb_s
    if phase.kind == "tune":
        for alive, vcpu_s in phase.rungs:
            told.functions = max(told.functions, min(alive, workers))
            left = alive
            while left > 0:  # so many at a time; all take equally long
                told.works_s += vcpu_s / speed
                left -= workers
            told.functions_usd += alive * (vcpu_s / speed * usd_per_s + cloud.usd_per_call)
        return
    told.functions = workers
    if phase.bytes_in:
        told.works_s += phase.bytes_in / workers / cloud.bytes_per_s + cloud.latency_s
        told.functions_usd += workers * cloud.usd_per_read
    if phase.kind == "map":
        told.works_s += phase.vcpu_s / workers / speed
    else:
        server = flow.servers[row.server]
        one_way = phase.gradient_bytes / cloud.bytes_per_s + server.latency_s
        offered = workers / (phase.gradient_s / speed + one_way + one_way)
        taken = row.servers * server.updates_per_s
        told.works_s += phase.updates[row.workers] / min(offered, taken)
    if phase.bytes_out:
        told.works_s += phase.bytes_out / workers / cloud.bytes_per_s + cloud.latency_s
        told.functions_usd += workers * cloud.usd_per_write
    told.functions_usd += workers * (told.works_s * usd_per_s + cloud.usd_per_call)


def _before(flow: Workflow) -> list[set[int]]:
    """Phases that are over before each begins."""
    found: list[set[int]] = []
    for phase in flow.phases:
        found.append({g for p in phase.after for g in (p, *found[p])})
    return found


def _check_kept(flow: Workflow, plan: WorkflowPlan, found: FlowTold) -> None:
    """Servers are kept from one phase for one that comes after it and has the same."""
    over = _before(flow)
    for n, (before, after) in enumerate(plan.kept):
        same = plan.rows[before].server >= 0 and plan.rows[before][2:4] == plan.rows[after][2:4]
        other = any(before == b or after == a for b, a in plan.kept[:n])
        if not same or other or before not in over[after]:
            name = f"servers of {flow.phases[before].name} kept for {flow.phases[after].name}"
            found.breaches.append(Breach(limit=name, value=1.0, bound=0.0, excess=1.0))


def value(flow: Workflow, plan: WorkflowPlan) -> Valued:
    """Value a plan exactly.

    Parameters
    ----------
    flow, plan
        What was decided of what.
    """
    told = account(flow, plan)
    before, most = _before(flow), 0.0
    for f in range(len(flow.phases)):  # the dearest set of phases that no order separates, by all its subsets
        most = max(most, _most(f, [own.functions for own in told.phases], before, ()))
    return Valued({"time": told.time, "cost": told.cost, "functions": most}, tuple(told.breaches))


def _most(last: int, functions: list[float], before: list[set[int]], chosen: tuple[int, ...]) -> float:
    """Most functions at once with a phase, others chosen already, and earlier ones that no order separates."""
    if any(last in before[f] for f in chosen):
        return 0.0
    with_it = (*chosen, last)
    further = (_most(f, functions, before, with_it) for f in range(last) if f not in before[last])
    return max((functions[last] + own for own in further), default=functions[last])
