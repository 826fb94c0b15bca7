"""Pipelines as documents, and back."""

from __future__ import annotations

import pytest

from serflow_opt.errors import InputError
from serflow_opt.families.pipeline.problem import Layer, Pipeline, PipelineStage, WorkerType
from serflow_opt.families.pipeline.told import decided, told

LAYERS = (Layer("a", 1.0, 1.0, 0.0, 0.0, 0.0), Layer("b", 2.0, 2.0, 0.0, 0.0, 0.0))
PROBLEM = Pipeline(LAYERS, 4, 80.0, (WorkerType("w", 2, 1.0, 1.0, 1e9, None),))


def test_a_pipeline_survives_its_document_with_its_pace() -> None:
    """4 s a mini-batch of 4 are a sample a second, and 80 samples an epoch of 80 s."""
    plan = (PipelineStage(0, 0, 0, 1), PipelineStage(1, 1, 0, 1))
    document = told(PROBLEM, plan)
    assert decided(PROBLEM, document) == plan
    assert (document["configuration"], document["holds_up"]) == ("1-1", "the work of stage 2")
    assert document["samples_per_s"] == pytest.approx(1.0)
    assert document["epoch_h"] == pytest.approx(80 / 3600)
    assert [own["busy"] for own in document["stages"]] == pytest.approx([0.5, 1.0])


@pytest.mark.parametrize(
    ("stages", "said"),
    [
        ([], "give stages for layers 1 to 2"),
        ([{"first": 1, "last": 1, "worker": "w", "replicas": 1}], "layers up to 1"),
        ([{"first": 2, "last": 2, "worker": "w", "replicas": 1}], "begin with layer 1"),
        ([{"first": 1, "last": 3, "worker": "w", "replicas": 1}], "end at 2 at most"),
        ([{"first": 1, "last": 2, "worker": "v", "replicas": 1}], "'v'"),
        ([{"first": 1, "last": 2, "worker": "w", "replicas": -1}], "at least 1"),
        ([{"first": 1, "last": 2, "worker": "w", "replicas": True}], "give first, last, worker and replicas"),
        ("all", "give stages for layers 1 to 2"),
    ],
)
def test_stages_that_are_no_pipeline_are_told(stages: object, said: str) -> None:
    """Gaps, overlaps, unknown workers and numbers that are none."""
    with pytest.raises(InputError, match=said):
        decided(PROBLEM, {"stages": stages})
