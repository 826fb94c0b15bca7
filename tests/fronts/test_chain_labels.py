"""Fronts by labels of whole chains, with long menus."""

from __future__ import annotations

from pathlib import Path

import pytest
from oracles.brute_fronts import enumerate_front, long_menus, points_of, same
from support.helpers import load

from serflow_opt.fronts import chain_labels, labels
from serflow_opt.fronts.pareto import pareto


@pytest.mark.parametrize("measure", ["mean", "worst"])
@pytest.mark.parametrize("seed", range(3))
def test_long_menus(seed: int, measure: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Candidates are made in several parts."""
    document = long_menus(seed, measure)
    instance = load(document, tmp_path)
    expected = enumerate_front(document, ("cost", "latency"))
    assert len(expected) > 5
    assert same(points_of(pareto(instance)), expected)
    monkeypatch.setattr(labels, "AT_ONCE", 100)
    monkeypatch.setattr(chain_labels, "AT_ONCE", 100)
    for method in ("placements", "labels"):
        assert same(points_of(pareto(instance, method=method)), expected), method
