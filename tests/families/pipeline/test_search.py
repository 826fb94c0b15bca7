"""Ways to cut and replicate a network, against all of them."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from support.small_pipeline import compare, question

from serflow_opt.families.pipeline.family import PIPELINE
from serflow_opt.families.pipeline.problem import Layer, Pipeline, PipelineStage, WorkerType
from serflow_opt.ground.deadline import Deadline
from serflow_opt.search.outcome import SearchSettings


def test_against_enumeration() -> None:
    """Of all ways to cut and replicate a network, the search finds one as good as the best."""
    assert compare(range(60), model=False) > 40


def profiles() -> Path:
    for parent in Path(__file__).parents:
        found = parent / "shared" / "data" / "perf" / "pipedream_layer_profiles.csv"
        if found.exists():
            return found
    pytest.skip("no profiles beside the repository")


def test_every_network_of_the_profiles(tmp_path: Path) -> None:
    """On PipeDream's measured networks the value is proven and no worse than copies of the whole on all workers."""
    with profiles().open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for model in dict.fromkeys(row["model"] for row in rows):
        own = [row for row in rows if row["model"] == model]
        size = {row["node"]: float(row["activation_bytes_batch"]) for row in own}
        last: dict[str, int] = {}
        for row in own:
            for before in row["predecessors"].split():
                last[before] = max(last.get(before, 0), int(row["node"]))
        layers = tuple(
            Layer(
                row["layer"],
                float(row["forward_ms_batch"]) / 1000 * (row["layer"] != "Input"),
                float(row["backward_ms_batch"]) / 1000,
                float(row["parameter_bytes"]),
                sum(size[u] for u, v in last.items() if int(u) <= int(row["node"]) < v),
                0.0,
            )
            for row in own
        )
        problem = Pipeline(layers, int(own[0]["batch"]), 0.0, (WorkerType("v100", 4, 1.0, 1.0, 1.25e9, None),))
        found = PIPELINE.search(question(problem, "time", {}), {"time": 1.0}, SearchSettings(1e-6, Deadline(), 1))
        assert found is not None
        assert found.value == pytest.approx(found.bound, rel=1e-12)
        together = PIPELINE.evaluate(question(problem, "time", {}), (PipelineStage(0, len(layers) - 1, 0, 4),))
        assert found.value <= together.values["time"]
