"""A pipeline run mini-batch by mini-batch, one forward and one backward in turn (PipeDream's 1F1B): the plan's check.

Each worker takes every r-th mini-batch, has at most as many in flight as it keeps in memory, and prefers ways back. A
hand-over takes one of as many links as the smaller of the two stages has workers. The share of synchronising that is
due for a mini-batch follows its way back.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import Field

from serflow_opt.families.pipeline.evaluate import stages
from serflow_opt.families.pipeline.problem import Pipeline, Plan
from serflow_opt.families.simulated import SimulatedAnswer, SimulatedFigure, beside, decision_to_run
from serflow_opt.ground.arguments import Arguments
from serflow_opt.ground.document import Document
from serflow_opt.ground.stopping import stoppable

if TYPE_CHECKING:
    from serflow_opt.families.answer import Solution
    from serflow_opt.families.protocol import Question

MINI_BATCHES = 400
"""That go through, where it is not said how many."""
MOST = 100_000


class StageBusy(Document):
    """A stage: the share of the time that its workers are busy, as planned once the pipeline is full, and as seen."""

    stage: int
    layers: str
    planned: float
    simulated: float = Field(description="from the first mini-batch to the last, filling and emptying included")


class PipelineSimulated(SimulatedAnswer):
    """A simulated pipeline beside its plan, as `simulate --json` prints it."""

    kind: str
    instance: str
    mini_batches: int
    figures: list[SimulatedFigure]
    busy: list[StageBusy]
    plan: dict[str, Any]

    def _ran(self) -> str:
        return f"{self.mini_batches} mini-batches"


@dataclass(frozen=True, slots=True)
class PipelineRun:
    """What was seen: seconds of a mini-batch once the pipeline is full, and how long each stage's workers were busy."""

    mini_batches: int
    time_s: float
    busy: list[float]


@dataclass(slots=True)
class _Server:
    """A worker, or a bundle of links: how many it can begin, and what waits: back, which goes first, and there."""

    free: int
    back: list[int] = field(default_factory=list)
    there: list[int] = field(default_factory=list)


@stoppable()
def simulate(
    problem: Question,
    plan: Solution | Mapping[str, Any] | None = None,
    *,
    mini_batches: int = MINI_BATCHES,
    on_progress: Callable[[str], None] | None = None,
) -> PipelineSimulated:
    """Simulate a pipeline by a plan; deterministic.

    Parameters
    ----------
    problem
        A pipeline.
    plan
        An answer, or its document; None: the best there is.
    mini_batches
        How many go through, 2 at least; the first half fills the pipeline and is not counted.
    on_progress
        Called with what is being done.

    Raises
    ------
    InputError
        For arguments that are none, and for a plan that does not fit.
    """
    from serflow_opt.families.registry import family_of

    family = family_of(problem)
    with Arguments() as given:
        mini_batches = given.whole("mini_batches", mini_batches, 2)
        if mini_batches > MOST:
            given.misfit("mini_batches", f"{mini_batches:,}", f"at most {MOST:,}")
    decision: Plan = decision_to_run(problem, plan, on_progress)
    if on_progress:
        on_progress("simulating")
    data: Pipeline = problem.data
    seen = run(data, decision, mini_batches)
    planned = family.evaluate(problem, decision).values
    time = planned["time"]
    found = {"time": seen.time_s, "cost": planned["cost"] * seen.time_s / time}
    shown = {own.name: own for own in family.quantities}
    figures = [
        beside(name, shown[name].shown_unit or shown[name].unit, *(shown[name].shown * v for v in values))
        for name, values in ((own, (planned[own], planned[own], found[own])) for own in found)
    ]
    rate = data.batch / time
    return PipelineSimulated(
        kind=problem.kind,
        instance=problem.name,
        mini_batches=mini_batches,
        figures=[*figures, beside("throughput", "samples/s", rate, rate, data.batch / seen.time_s)],
        busy=[
            StageBusy(stage=n, layers=f"{s.first + 1}-{s.last + 1}", planned=own.working_s / time, simulated=busy)
            for n, (s, own, busy) in enumerate(zip(decision, stages(data, decision), seen.busy, strict=True), start=1)
        ],
        plan=family.document_of(problem, decision),
    )


def run(problem: Pipeline, plan: Plan, mini_batches: int) -> PipelineRun:
    """Run a plan.

    Parameters
    ----------
    problem, plan, mini_batches
        As `simulate` takes them.
    """
    return _Pipeline(problem, plan).run(mini_batches)


class _Pipeline:
    """Workers and links, and what happens next."""

    def __init__(self, problem: Pipeline, plan: Plan) -> None:
        self.plan, self.last = plan, len(plan) - 1
        known = stages(problem, plan)
        self.most = [own.versions for own in known]
        self.there: list[float] = []
        self.back: list[float] = []
        self.across: list[float] = []
        for s, (stage, own) in enumerate(zip(plan, known, strict=True)):
            worker, last = problem.workers[stage.worker], problem.layers[stage.last]
            mine = problem.seconds(stage.worker)[stage.first : stage.last + 1]
            synchronising = own.synchronising_s * stage.replicas
            self.there.append(sum(there for there, _ in mine))
            self.back.append(sum(back for _, back in mine) + synchronising)
            if s < self.last:
                rate = min(worker.bytes_per_s, problem.workers[plan[s + 1].worker].bytes_per_s)
                self.across.append(last.crossing_bytes / rate)
        self.workers = [[_Server(1) for _ in range(stage.replicas)] for stage in plan]
        self.links = [_Server(min(plan[s].replicas, plan[s + 1].replicas)) for s in range(self.last)]
        self.inside = [[0] * stage.replicas for stage in plan]
        self.busy = [0.0] * len(plan)
        self.events: list[tuple[float, int, str, int, int]] = []
        self.now, self.count = 0.0, 0

    def run(self, mini_batches: int) -> PipelineRun:
        """Send mini-batches through."""
        for k, server in enumerate(self.workers[0]):
            server.there = list(range(k, mini_batches, self.plan[0].replicas))
            self._work(0, k)
        ended: list[float] = []
        while self.events:
            self.now, _, kind, s, batch = heapq.heappop(self.events)
            if kind in ("down", "up"):
                self._arrived(kind, s, batch)
            elif self._worked(kind, s, batch):
                ended.append(self.now)
        half = mini_batches // 2
        pace = (ended[-1] - ended[half - 1]) / (mini_batches - half)
        return PipelineRun(mini_batches, pace, [own / self.now for own in self.busy])

    def _arrived(self, kind: str, s: int, batch: int) -> None:
        """A link behind stage s has carried activations down, or gradients up."""
        self.links[s].free += 1
        to = s + 1 if kind == "down" else s
        k = batch % self.plan[to].replicas
        server = self.workers[to][k]
        heapq.heappush(server.there if kind == "down" else server.back, batch)
        self._work(to, k)
        self._move(s)

    def _worked(self, kind: str, s: int, batch: int) -> bool:
        """A worker has ended a way; return whether the mini-batch is through."""
        k = batch % self.plan[s].replicas
        self.workers[s][k].free = 1
        if kind == "there" and s < self.last:
            heapq.heappush(self.links[s].there, batch)
            self._move(s)
        elif kind == "there":
            heapq.heappush(self.workers[s][k].back, batch)
        else:
            self.inside[s][k] -= 1
            if s > 0:
                heapq.heappush(self.links[s - 1].back, batch)
                self._move(s - 1)
        self._work(s, k)
        return kind == "back" and s == 0

    def _work(self, s: int, k: int) -> None:
        """Let a worker begin what it can: a way back before a way there."""
        server = self.workers[s][k]
        if not server.free:
            return
        if server.back:
            kind, batch, seconds = "back", heapq.heappop(server.back), self.back[s]
        elif server.there and self.inside[s][k] < self.most[s]:
            kind, batch, seconds = "there", heapq.heappop(server.there), self.there[s]
            self.inside[s][k] += 1
        else:
            return
        server.free = 0
        self.busy[s] += seconds / self.plan[s].replicas
        self._push(seconds, kind, s, batch)

    def _move(self, s: int) -> None:
        """Let the links behind a stage carry what waits: gradients before activations."""
        link = self.links[s]
        while link.free and (link.back or link.there):
            kind, waiting = ("up", link.back) if link.back else ("down", link.there)
            link.free -= 1
            self._push(self.across[s], kind, s, heapq.heappop(waiting))

    def _push(self, seconds: float, kind: str, s: int, batch: int) -> None:
        self.count += 1
        heapq.heappush(self.events, (self.now + seconds, self.count, kind, s, batch))
