"""Labels over groups against all choices of rows of a setting."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import numpy as np
import pytest
from support.drawn_training import setups

from serflow_opt.families.training import labels
from serflow_opt.families.training.inner import BestRows, improved, relaxed
from serflow_opt.ground.deadline import Deadline


@pytest.mark.parametrize("seed", range(3))
def test_labels_find_the_best_choice_of_rows(tmp_path: Path, seed: int) -> None:
    """The least of all choices, proven, with multipliers and without; nothing where only better ones are of use."""
    for setup in setups(seed, tmp_path):
        every = itertools.product(*(np.flatnonzero(own).tolist() for own in setup.offered))
        least = min(setup.value(np.array(choice))[0] for choice in every)
        first = relaxed(setup)
        for best in (BestRows(math.inf, first.bound, None), improved(setup, first, 1e-9, whole=False)):
            found = labels.by_labels(setup, best, math.inf, Deadline(None))
            assert found is not None
            assert found.value == pytest.approx(least, rel=1e-9)
            assert found.bound == pytest.approx(least, rel=2e-9)
        none = labels.by_labels(setup, BestRows(math.inf, first.bound, None), 0.999 * least, Deadline(None))
        assert none is not None
        assert none.choice is None
        assert none.bound >= 0.998 * least


def test_too_many_labels_prove_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With room for a label only, there is no answer, unless bounds leave no more."""
    monkeypatch.setattr(labels, "NARROW", 1)
    monkeypatch.setattr(labels, "WIDE", 1)
    found = [
        labels.by_labels(own, BestRows(math.inf, -math.inf, None), math.inf, Deadline(None))
        for own in setups(0, tmp_path)
    ]
    assert None in found
