"""What else the workers of a pipeline can do, by hand."""

from __future__ import annotations

import pytest

from serflow_opt.families.pipeline.beside import others, too_large
from serflow_opt.families.pipeline.problem import Layer, Pipeline, WorkerType

LAYERS = (Layer("a", 1.0, 1.0, 0.0, 0.0, 0.0), Layer("b", 2.0, 2.0, 0.0, 0.0, 0.0))


def test_one_worker_and_data_parallel_by_hand() -> None:
    """6 s on one, 3 s in turn on two; a third worker makes 2 s; a limit of one leaves nothing in parallel."""
    problem = Pipeline(LAYERS, 1, 0.0, (WorkerType("w", 2, 1.0, 1.0, 1e9, None),))
    found = {own.name: own.values["time"] for own in others(problem, {})}
    assert found == {"one worker": pytest.approx(6.0), "data parallel": pytest.approx(3.0), "+1 w": pytest.approx(2.0)}
    alone = {own.name: own.values["time"] for own in others(problem, {"workers": 1.0})}
    assert alone == {"one worker": pytest.approx(6.0), "+1 w": pytest.approx(3.0)}


def test_layers_that_fit_exactly_are_not_too_large() -> None:
    """Parameters, what is held, and what comes in: 3 + 2 + 4 MB on 9 MB fit, on 8.9 not; without a limit all do."""
    mib = 2**20
    layers = (Layer("a", 1.0, 1.0, 0.0, 4 * mib, 0.0), Layer("b", 1.0, 1.0, 3 * mib, 0.0, 2 * mib))

    def named(memory: float | None) -> list[str]:
        return too_large(Pipeline(layers, 1, 0.0, (WorkerType("w", 1, 0.0, 1.0, 1.0, memory),)))

    assert named(9 * mib) == []
    assert named(None) == []
    (said,) = named(8.9 * mib)
    assert said.startswith("layer 2 (b) needs 9 MB")
