"""A workflow function by function: what each reads, does and writes, and whom a phase waits for.

The updates of a training are taken in portions: each worker brings its own, as fast as it computes and reaches the
servers, or as these take them. A phase that is a job is one step; `simulate` of that job has its rounds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.families.events.graph import Steps
from serflow_opt.families.workflow.evaluate import account
from serflow_opt.families.workflow.problem import Phase, PhaseRow, Workflow, WorkflowPlan

if TYPE_CHECKING:
    from serflow_opt.families.events.run import Ran
    from serflow_opt.ground.arrays import Floats

PORTIONS = 100
"""Of a worker's updates."""
STARTS, WORKS = range(2)


class FlowSteps:
    """The steps of a plan.

    Attributes
    ----------
    steps, planned, parts
        Of `SteppedPlan`.
    begins, ends
        By phase, the steps after which it has begun and is over.
    own
        By phase, the steps of its functions, which are paid.
    fixed_usd
        Calls and requests, and phases that are jobs.
    """

    def __init__(self, flow: Workflow, plan: WorkflowPlan) -> None:
        self.flow, self.plan, self.steps = flow, plan, Steps()
        planned = account(flow, plan)
        self.planned = planned.time, planned.cost
        self.parts = [(phase.name, own.end_s) for phase, own in zip(flow.phases, planned.phases, strict=True)]
        self.begins: list[int] = []
        self.ends: list[int] = []
        self.own: list[list[int]] = []
        self.fixed_usd = 0.0
        kept = {after: before for before, after in plan.kept}
        self.comes_from = kept
        for f, (phase, row) in enumerate(zip(flow.phases, plan.rows, strict=True)):
            self.begins.append(self.steps.all_of(STARTS, [self.ends[p] for p in phase.after]))
            self.own.append([])
            self.ends.append(self._phase(f, phase, row))

    def _phase(self, f: int, phase: Phase, row: PhaseRow) -> int:
        """Add a phase; return the step after which it is over."""
        cloud, begin = self.flow.cloud, self.begins[f]
        if phase.kind == "job":
            seconds, usd, _, _ = phase.ready[row.ready]
            self.fixed_usd += usd
            return self.steps.add(WORKS, seconds, [begin])
        w = phase.workers[row.workers]
        numbers, after = zip(*cloud.starts, strict=True)
        starts = float(np.interp(w, numbers, after))
        if row.server >= 0 and f not in self.comes_from:
            starts = max(starts, self.flow.servers[row.server].start_s)
        start = self.steps.add(STARTS, starts, [begin])
        done = self._tune(f, phase, row, start) if phase.kind == "tune" else self._workers(f, phase, row, start)
        return self.steps.all_of(STARTS, done)

    def _work(self, f: int, seconds: float, behind: int) -> int:
        step = self.steps.add(WORKS, seconds, [behind])
        self.own[f].append(step)
        return step

    def _tune(self, f: int, phase: Phase, row: PhaseRow, start: int) -> list[int]:
        """Rung by rung, so many configurations at once; whoever is done takes the next one."""
        cloud, w = self.flow.cloud, phase.workers[row.workers]
        speed = phase.memory_mb[row.memory] / cloud.mb_per_vcpu
        heads, begin = [start], start
        for alive, vcpu_s in phase.rungs:
            heads = [begin] * w
            for n in range(alive):
                heads[n % w] = self._work(f, vcpu_s / speed, heads[n % w])
            self.fixed_usd += alive * cloud.usd_per_call
            begin = self.steps.all_of(STARTS, heads)
        return [begin]

    def _workers(self, f: int, phase: Phase, row: PhaseRow, start: int) -> list[int]:
        """Each reads its part, works or brings its updates, and writes its part."""
        cloud, w = self.flow.cloud, phase.workers[row.workers]
        speed = phase.memory_mb[row.memory] / cloud.mb_per_vcpu
        reads, writes = (size / w / cloud.bytes_per_s + cloud.latency_s for size in (phase.bytes_in, phase.bytes_out))
        self.fixed_usd += w * cloud.usd_per_call
        heads = [start] * w
        if phase.bytes_in:
            heads = [self._work(f, reads, own) for own in heads]
            self.fixed_usd += w * cloud.usd_per_read
        if phase.kind == "map":
            heads = [self._work(f, phase.vcpu_s / w / speed, own) for own in heads]
        else:
            server = self.flow.servers[row.server]
            own_s = phase.gradient_s / speed + 2 * (phase.gradient_bytes / cloud.bytes_per_s + server.latency_s)
            each = max(own_s, w / (row.servers * server.updates_per_s))
            portion = phase.updates[row.workers] / w / PORTIONS * each
            for _ in range(PORTIONS):
                heads = [self._work(f, portion, own) for own in heads]
        if phase.bytes_out:
            heads = [self._work(f, writes, own) for own in heads]
            self.fixed_usd += w * cloud.usd_per_write
        return heads

    def usd(self, ran: Ran, seconds: Floats) -> float:
        """Return what a run costs."""
        return self.fixed_usd + self.paid(ran.finishes, seconds)

    def part_seconds(self, ran: Ran, seconds: Floats) -> Floats:
        """Return when each phase ends."""
        ends: Floats = ran.finishes[self.ends]
        return ends

    def paid(self, finishes: Floats, seconds: Floats) -> float:
        """USD of functions while they work, and of servers until their phases are over, and where they stay."""
        total = 0.0
        for f, (phase, row) in enumerate(zip(self.flow.phases, self.plan.rows, strict=True)):
            if phase.kind == "job":
                continue
            gb = phase.memory_mb[row.memory] / 1024
            total += float(seconds[self.own[f]].sum()) * gb * self.flow.cloud.usd_per_gb_s
            if row.server >= 0:
                begin = finishes[self.begins[f]]
                rent = row.servers * self.flow.servers[row.server].usd_per_s
                total += rent * float(finishes[self.ends[f]] - begin)
                if f in self.comes_from:
                    total += rent * float(begin - finishes[self.ends[self.comes_from[f]]])
        return total
