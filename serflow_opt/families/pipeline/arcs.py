"""Runs of layers as arcs of the model, with the times that the search has, too."""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

import numpy as np

from serflow_opt.families.pipeline.problem import Pipeline, PipelineStage, in_flight
from serflow_opt.families.pipeline.search import LayerRuns
from serflow_opt.formulations.pipelines import Arc

START = "start"
END = "end"


class Arcs(NamedTuple):
    """Arcs between `START` and `END`, and the stage that each stands for."""

    arcs: list[Arc]
    stages: list[PipelineStage]


def arcs_of(problem: Pipeline) -> Arcs:
    """Return all runs that fit.

    A node is a layer that is reached and how many workers of each type come from there on, which memory asks for.
    """
    runs, n, found = LayerRuns(problem), len(problem.layers), Arcs([], [])
    counts = [worker.count for worker in problem.workers]
    for behind in product(*(range(count + 1) for count in counts)):
        for p, worker in enumerate(problem.workers):
            for r in range(1, counts[p] - behind[p] + 1):
                here = (*behind[:p], behind[p] + r, *behind[p + 1 :])
                times = runs.times(p, r, in_flight(r, sum(behind), problem.on_links))
                for i, j in np.argwhere(np.isfinite(times)).tolist():
                    if (j == n) == any(behind):
                        continue  # the last layer has nobody behind it, and all others have
                    nodes = (START if i == 0 else (i, here), END if j == n else (j, behind))
                    rent = worker.usd_per_s * r
                    found.arcs.append(Arc(*nodes, i, j - 1, float(times[i, j]), r, rent))
                    found.stages.append(PipelineStage(i, j - 1, p, r))
    return found
