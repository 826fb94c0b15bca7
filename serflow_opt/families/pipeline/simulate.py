"""A pipeline run mini-batch by mini-batch, one forward and one backward in turn (PipeDream's 1F1B): the plan's check.

Each worker takes every r-th mini-batch, has at most as many in flight as it keeps in memory, and prefers ways back. A
hand-over takes one of as many links as the smaller of the two stages has workers. The share of synchronising that is
due for a mini-batch follows its way back.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field

from serflow_opt.families.pipeline.evaluate import stages
from serflow_opt.families.pipeline.problem import Pipeline, Plan


@dataclass(frozen=True, slots=True)
class Run:
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


def simulate(problem: Pipeline, plan: Plan, mini_batches: int = 400) -> Run:
    """Run a plan; deterministic.

    Parameters
    ----------
    problem, plan
        The problem and a plan of it.
    mini_batches
        How many go through, 2 at least; the first half fills the pipeline and is not counted.
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
            worker, mine = problem.workers[stage.worker], problem.layers[stage.first : stage.last + 1]
            synchronising = own.synchronising_s * stage.replicas
            self.there.append(sum(layer.forward_s for layer in mine) / worker.speed)
            self.back.append(sum(layer.backward_s for layer in mine) / worker.speed + synchronising)
            if s < self.last:
                rate = min(worker.bytes_per_s, problem.workers[plan[s + 1].worker].bytes_per_s)
                self.across.append(mine[-1].crossing_bytes / rate)
        self.workers = [[_Server(1) for _ in range(stage.replicas)] for stage in plan]
        self.links = [_Server(min(plan[s].replicas, plan[s + 1].replicas)) for s in range(self.last)]
        self.inside = [[0] * stage.replicas for stage in plan]
        self.busy = [0.0] * len(plan)
        self.events: list[tuple[float, int, str, int, int]] = []
        self.now, self.count = 0.0, 0

    def run(self, mini_batches: int) -> Run:
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
        return Run(mini_batches, pace, [own / self.now for own in self.busy])

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
