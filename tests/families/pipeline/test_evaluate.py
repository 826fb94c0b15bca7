"""The witness of pipelines against enumeration and arithmetic."""

from __future__ import annotations

import itertools

import pytest
from support.small_pipeline import QUANTITIES, drawn, every, question

from serflow_opt.families.pipeline.family import PIPELINE
from serflow_opt.families.pipeline.problem import Layer, Pipeline, PipelineStage, WorkerType


def test_every_value_is_that_of_enumeration() -> None:
    """The witness values any plan, not the best alone, as arithmetic written apart does."""
    for seed in range(12):
        problem = drawn(seed)
        for values, stages in itertools.islice(every(problem), 0, 400, 7):
            valued = PIPELINE.evaluate(question(problem, "time", {}), tuple(PipelineStage(*own) for own in stages))
            assert not valued.breaches
            assert [valued.values[name] for name in QUANTITIES] == pytest.approx([values[name] for name in QUANTITIES])


def test_a_stage_alone_by_arithmetic() -> None:
    """Two layers on two workers: (4 + 4 x 1 x 6 / (3 x 2)) / 2 = 4 s; two versions of nothing behind: one in flight."""
    layers = (Layer("a", 1.0, 1.0, 4.0, 3.0, 1.0), Layer("b", 1.0, 1.0, 2.0, 0.0, 1.0))
    problem = Pipeline(layers, 4, 0.0, (WorkerType("w", 2, 0.5, 1.0, 3.0, 8.0),))
    valued = PIPELINE.evaluate(question(problem, "time", {}), (PipelineStage(0, 1, 0, 2),))
    assert valued.values == {"time": 4.0, "rent": 3600.0, "cost": 1.0, "workers": 2.0}
    assert not valued.breaches
    # apart: 2 s of work each, 2 x 3 / 3 = 2 s of hand-over; the first has three in flight: 3 (4 + 1) = 15 of 8 bytes
    apart = PIPELINE.evaluate(question(problem, "time", {}), (PipelineStage(0, 0, 0, 1), PipelineStage(1, 1, 0, 1)))
    assert apart.values["time"] == 2.0
    assert [(breach.limit, breach.value) for breach in apart.breaches] == [("memory of stage 1", 15.0)]
