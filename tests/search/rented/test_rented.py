"""Machines rented whole: mixes of thresholds against exhaustive search and the whole model, and by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from oracles.compare_enumeration import judge
from oracles.enumeration import best
from oracles.enumeration_draws import draw, rented
from oracles.enumeration_reading import read

from serflow_opt import kernels

pytestmark = pytest.mark.skipif(not kernels.compiled, reason="kernels are not compiled here")


@pytest.mark.parametrize("seed", range(40))
def test_the_best_of_all_decisions_is_found(tmp_path: Path, seed: int) -> None:
    """Status, value, ties and every figure are those of the enumeration."""
    path = draw(seed, tmp_path, without=("tail",), change=rented)
    document = read(path)
    outcome = judge(path, document, best(document), "mixes", 60.0)
    assert outcome.verdict == "agreed", outcome.words
