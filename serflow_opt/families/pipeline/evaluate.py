"""The witness: what a pipeline comes to, stage by stage; shares no code with model and search."""

from __future__ import annotations

from dataclasses import dataclass

from serflow_opt.families.pipeline.problem import Pipeline, Plan
from serflow_opt.families.protocol import Valued
from serflow_opt.ground.tolerances import TOLERANCE
from serflow_opt.plan.document import Breach


@dataclass(frozen=True, slots=True)
class StageValue:
    """What a stage comes to for a mini-batch, seconds of the pipeline, and what each of its workers keeps, bytes.

    Attributes
    ----------
    computing_s, synchronising_s
        Both divided among its workers, which take turns.
    receiving_s, sending_s
        Activations one way and gradients the other, on the links of its workers; 0 at the ends.
    versions, memory_bytes
        Mini-batches in flight at a worker, and what it keeps for them.
    """

    computing_s: float
    synchronising_s: float
    receiving_s: float
    sending_s: float
    versions: int
    memory_bytes: float

    @property
    def working_s(self) -> float:
        """Seconds its workers are busy with a mini-batch."""
        return self.computing_s + self.synchronising_s

    @property
    def longest_s(self) -> float:
        """The slowest of work and hand-overs."""
        return max(self.working_s, self.receiving_s, self.sending_s)


def stages(problem: Pipeline, plan: Plan) -> list[StageValue]:
    """Value each stage of a plan."""
    found = []
    behind = sum(stage.replicas for stage in plan)
    for stage in plan:
        worker, r = problem.workers[stage.worker], stage.replicas
        mine = problem.layers[stage.first : stage.last + 1]
        weights = sum(layer.parameter_bytes for layer in mine)
        came = problem.layers[stage.first - 1].crossing_bytes if stage.first > 0 else 0.0
        goes = mine[-1].crossing_bytes if stage.last < len(problem.layers) - 1 else 0.0
        versions = -(-behind // r)
        behind -= r
        versions += problem.on_links if behind > 0 else 0
        kept = weights + came + sum(layer.held_bytes for layer in mine)
        found.append(
            StageValue(
                computing_s=sum(map(sum, problem.seconds(stage.worker)[stage.first : stage.last + 1])) / r,
                synchronising_s=4 * (r - 1) * weights / (worker.bytes_per_s * r) / r,
                receiving_s=2 * came / (worker.bytes_per_s * r),
                sending_s=2 * goes / (worker.bytes_per_s * r),
                versions=versions,
                memory_bytes=versions * kept,
            )
        )
    return found


def value(problem: Pipeline, plan: Plan) -> Valued:
    """Value a plan: time of a mini-batch, rent, cost of a sample, workers; memory and numbers of workers it breaks."""
    known = stages(problem, plan)
    time = max(own.longest_s for own in known)
    rent = sum(problem.workers[stage.worker].usd_per_s * stage.replicas for stage in plan)
    breaches = []
    for n, (stage, own) in enumerate(zip(plan, known, strict=True), start=1):
        limit = problem.workers[stage.worker].memory_bytes
        if limit is not None and own.memory_bytes > limit * (1 + TOLERANCE):
            excess = own.memory_bytes / limit - 1
            breaches.append(Breach(limit=f"memory of stage {n}", value=own.memory_bytes, bound=limit, excess=excess))
    for p, worker in enumerate(problem.workers):
        used = sum(stage.replicas for stage in plan if stage.worker == p)
        if used > worker.count:
            excess = used / worker.count - 1
            breaches.append(Breach(limit=f"{worker.name}.count", value=used, bound=worker.count, excess=excess))
    values = {
        "time": time,
        "rent": rent * 3600,
        "cost": rent * time / problem.batch,
        "workers": float(sum(stage.replicas for stage in plan)),
    }
    return Valued(values, tuple(breaches))
