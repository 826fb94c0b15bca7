"""Sums over groups against all choices of rows."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from support.drawn_training import setups

from serflow_opt.families.training.sums import GroupSums


def test_labels_are_the_sums_that_no_choice_beats(tmp_path: Path) -> None:
    """Energy, the server's work and the longest chain of every choice of rows, and the rows that labels took."""
    setup = setups(1, tmp_path)[0]
    columns = [setup.rows.parts["energy"], setup.rows.served]
    groups = GroupSums(setup, columns, float(setup.times[-1]))
    sums, last = groups.nothing()
    back = []
    for k in groups.order:
        sums, last, taken = groups.extended(k, sums, last)
        kept = groups.unbeaten(sums, last)
        sums, last = sums[kept], last[kept]
        back.append(taken.of(kept))
    points = []
    for choice in itertools.product(*(np.flatnonzero(own) for own in setup.offered)):
        at = (np.arange(len(choice)), np.array(choice))
        points.append((*(column[at].sum() for column in columns), max(setup.first, setup.lasts[at].max())))
    every = np.array(points)
    found = np.column_stack([sums, last])
    assert all((found <= own * (1 + 1e-12)).all(axis=1).any() for own in every)
    assert not any(((every <= own).all(axis=1) & (every < own * (1 - 1e-12)).any(axis=1)).any() for own in found)
    for own, choice in zip(found, groups.choices(back, np.arange(len(found))), strict=True):
        at = (np.arange(len(choice)), choice)
        assert [float(column[at].sum()) for column in columns] == pytest.approx(own[:2].tolist())
