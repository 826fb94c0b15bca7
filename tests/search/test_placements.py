"""Placements listed one by one."""

from __future__ import annotations

from pathlib import Path

import pytest
from oracles.brute_placements import placements, violations
from oracles.brute_reading import read
from oracles.random_instances import random_document
from support.pruned import loaded

from serflow_opt.formulations.coefficients import Data
from serflow_opt.search.placements import list_paths


@pytest.mark.parametrize("seed", range(0, 40, 2))
def test_lists_each_placement_once(seed: int, tmp_path: Path) -> None:
    """As many as the oracle finds when each stage alone must fit the memory of its option."""
    document = random_document(seed)
    problem = read(document)
    expected = 0
    for placement in placements(problem):
        broken = violations(problem, placement)
        alone = (
            problem.parameters[s] + max(problem.activation[s], problem.activation[s + 1])
            <= problem.option(spot).memory_bytes
            for s, spot in enumerate(placement)
        )
        expected += all(broken[kind] == 0 for kind in ("order", "option", "link", "payload")) and all(alone)
    paths = list_paths(Data(loaded(document, tmp_path)))
    assert paths is not None
    assert (paths.stages == problem.stages).sum() == expected
    assert len({tuple(path) for path in paths.runner.tolist()}) == len(paths)
