"""Arcs of the pipeline model, against every pipeline."""

from __future__ import annotations

from collections import defaultdict

import pytest
from support.small_pipeline import drawn, every

from serflow_opt.families.pipeline.arcs import END, START, arcs_of


@pytest.mark.parametrize("seed", [0, 1, 2, 3, 5, 8])
def test_paths_are_exactly_the_pipelines_that_fit(seed: int) -> None:
    """Each way from start to end is a pipeline, each pipeline one way: the model neither misses nor invents any."""
    problem = drawn(seed)
    own = arcs_of(problem)
    ahead = defaultdict(list)
    for arc, stage in zip(own.arcs, own.stages, strict=True):
        ahead[arc.start].append((arc.end, (stage.first, stage.last, stage.worker, stage.replicas)))
    paths, stack = [], [(START, ())]
    while stack:
        node, taken = stack.pop()
        if node == END:
            paths.append(taken)
        stack += [(end, (*taken, stage)) for end, stage in ahead[node]]
    assert sorted(paths) == sorted(tuple(stages) for _, stages in every(problem))
