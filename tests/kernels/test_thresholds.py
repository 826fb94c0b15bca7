"""The best thresholds of one placement, with compiled loops and without."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from serflow_opt import kernels
from serflow_opt.search import threshold_labels
from serflow_opt.search.envelope import Envelope
from serflow_opt.search.flat import FlatEnvelopes
from serflow_opt.search.threshold_labels import ThresholdTask, best_thresholds


def task_of(rng: np.random.Generator) -> ThresholdTask:
    """A few stages; at the last everybody leaves."""
    menus = []
    for _ in range(int(rng.integers(1, 7))):
        rate = np.round(rng.uniform(0, 1, rng.integers(1, 9)), 3)
        menus.append(Envelope.of(rate, rate * rng.uniform(0.6, 0.97, len(rate))))
    menus.append(Envelope.of(np.ones(1), np.full(1, 0.95)))
    adds = np.column_stack([rng.uniform(0, 1, len(menus)), rng.choice([0.0, 0.01], len(menus))])
    return ThresholdTask(menus, adds, np.array([np.inf, -rng.uniform(0.6, 0.95)]))


@pytest.mark.parametrize("seed", range(60))
@pytest.mark.parametrize("few", [1, 50, 2000])
def test_best_thresholds(seed: int, few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same choice, or none; no multiplier, some; all prefixes or a few; with a tolerance within it."""
    rng = np.random.default_rng(seed)
    task = task_of(rng)
    weights = np.array([1.0, float(rng.choice([0.0, 0.5, 5.0]))])
    most = float(rng.choice([np.inf, 0.5, -0.5]))
    monkeypatch.setattr(threshold_labels, "PREFIXES", few)
    lines = FlatEnvelopes.of([[menu] for menu in task.menus])
    flat = replace(task, lines=lines, numbers=np.arange(len(task.menus)))
    for tolerance in (0.0, 0.05):
        monkeypatch.setattr(kernels, "compiled", True)
        ours, _ = best_thresholds(flat, weights, most, tolerance=tolerance)
        monkeypatch.setattr(kernels, "compiled", False)
        theirs, _ = best_thresholds(task, weights, most, tolerance=tolerance)
        assert (ours is None) == (theirs is None)
        if ours is not None and theirs is not None:
            assert ours.columns.tolist() == pytest.approx(theirs.columns.tolist(), rel=1e-12)
            assert ours.levels.tolist() == theirs.levels.tolist()
