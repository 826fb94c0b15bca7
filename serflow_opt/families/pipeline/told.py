"""A pipeline as documents have it, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from serflow_opt.errors import InputError, Problem, nearest
from serflow_opt.families.pipeline.evaluate import stages
from serflow_opt.families.pipeline.problem import Pipeline, PipelineStage, Plan

MB = 2**20


def told(problem: Pipeline, plan: Plan) -> dict[str, Any]:
    """Return stages with what each comes to, which part holds the pipeline up, and the time of an epoch.

    Parameters
    ----------
    problem, plan
        What was decided of what.
    """
    known = stages(problem, plan)
    time = max(own.longest_s for own in known)
    parts = [
        (seconds, f"{what} stage {n}")
        for n, own in enumerate(known, start=1)
        for seconds, what in (
            (own.working_s, "the work of"),
            (own.sending_s, "the link behind"),
            (own.receiving_s, "the link before"),
        )
    ]
    return {
        "configuration": "-".join(str(stage.replicas) for stage in plan),
        "holds_up": max(parts, key=lambda part: part[0])[1],
        "samples_per_s": problem.batch / time,
        "epoch_h": problem.samples / problem.batch * time / 3600 if problem.samples else None,
        "stages": [
            {
                "first": stage.first + 1,
                "last": stage.last + 1,
                "from": problem.layers[stage.first].name,
                "to": problem.layers[stage.last].name,
                "worker": problem.workers[stage.worker].name,
                "replicas": stage.replicas,
                "computing_ms": own.computing_s * 1000,
                "synchronising_ms": own.synchronising_s * 1000,
                "receiving_ms": own.receiving_s * 1000,
                "sending_ms": own.sending_s * 1000,
                "busy": own.working_s / time,
                "in_flight": own.versions,
                "memory_mb": own.memory_bytes / MB,
            }
            for stage, own in zip(plan, known, strict=True)
        ],
    }


def decided(problem: Pipeline, document: Mapping[str, Any]) -> Plan:
    """Return the plan of a document.

    Raises
    ------
    InputError
        For stages that do not follow each other from the first layer to the last, and for workers that there are not.
    """
    names = [worker.name for worker in problem.workers]
    problems: list[Problem] = []
    plan: list[PipelineStage] = []
    given = document.get("stages")
    n, upto = len(problem.layers), 0
    for k, entry in enumerate(given if isinstance(given, list) else [], start=1):
        own: Mapping[str, Any] = entry if isinstance(entry, Mapping) else {}
        place = f"stages[{k}]"
        numbers = [own.get(key) for key in ("first", "last", "replicas")]
        first, last, replicas = (x if isinstance(x, int) and not isinstance(x, bool) else 0 for x in numbers)
        if not all((first, last, replicas)):
            problems.append(Problem("plan", place, f"{entry!r}"[:80], "give first, last, worker and replicas"))
            break
        if first != upto + 1 or not first <= last <= n:
            cure = f"begin with layer {upto + 1} and end at {n} at most"
            problems.append(Problem("plan", place, f"layers {first} to {last}", cure))
        if replicas < 1:
            problems.append(Problem("plan", f"{place}.replicas", f"{replicas}", "at least 1"))
        name = str(own.get("worker"))
        if name not in names:
            problems.append(Problem("plan", f"{place}.worker", f"'{name}'", nearest(name, names)))
        else:
            plan.append(PipelineStage(first - 1, last - 1, names.index(name), replicas))
        upto = last
    if not problems and upto != n:
        problems.append(Problem("plan", "stages", f"layers up to {upto}", f"give stages for layers 1 to {n}"))
    if problems:
        raise InputError(problems)
    return tuple(plan)
