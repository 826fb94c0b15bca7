"""What else can be done with the same workers, and with one more; and layers that fit nowhere."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from serflow_opt.families.pipeline.evaluate import value
from serflow_opt.families.pipeline.problem import Pipeline, PipelineStage, Plan
from serflow_opt.families.pipeline.search import best
from serflow_opt.families.protocol import Other

MIB = 2**20


def others(problem: Pipeline, limits: Mapping[str, float]) -> list[Other]:
    """Return what each way comes to, limits on workers aside, and memory: it stands in the tables of plans.

    Parameters
    ----------
    problem, limits
        The problem, and its limits, which one more worker keeps but for that on workers.
    """
    last = len(problem.layers) - 1
    fastest = min(range(len(problem.workers)), key=lambda p: sum(map(sum, problem.seconds(p))))
    worker = problem.workers[fastest]
    most = min(worker.count, math.floor(limits.get("workers", worker.count)))
    ways: list[tuple[str, str, Plan]] = [
        ("one worker", f"all layers on one {worker.name}", (PipelineStage(0, last, fastest, 1),))
    ]
    if most > 1:
        words = f"all layers on each of {most} {worker.name}, mini-batches in turn"
        ways.append(("data parallel", words, (PipelineStage(0, last, fastest, most),)))
    found = [Other(name, words, value(problem, plan).values) for name, words, plan in ways]
    for p, own in enumerate(problem.workers):
        count = own.count + 1
        more = replace(problem, workers=(*problem.workers[:p], replace(own, count=count), *problem.workers[p + 1 :]))
        loose = {name: most + (name == "workers") for name, most in limits.items()}
        done = best(more, {"time": 1.0}, loose)
        if done is not None:
            words = f"the fastest with one more {own.name} on offer"
            found.append(Other(f"+1 {own.name}", words, value(more, done[1]).values))
    return found


def too_large(problem: Pipeline) -> list[str]:
    """Name the layers that fit no worker, alone and with nothing behind them."""
    limits = [worker.memory_bytes for worker in problem.workers]
    if any(limit is None for limit in limits):
        return []
    largest, said, came = max(limit or 0.0 for limit in limits), [], 0.0
    for n, layer in enumerate(problem.layers, start=1):
        needs = layer.parameter_bytes + layer.held_bytes + came
        came = layer.crossing_bytes
        if needs > largest:
            said.append(
                f"layer {n} ({layer.name}) needs {needs / MIB:,.0f} MB, the largest worker has {largest / MIB:,.0f}"
            )
    return said
