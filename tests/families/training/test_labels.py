"""Labels over groups against all choices of rows of a setting."""

from __future__ import annotations

import itertools
import math
import random
from pathlib import Path

import numpy as np
import pytest
from oracles import training as oracle
from support.training import write

import serflow_opt as so
from serflow_opt.families.training import labels
from serflow_opt.families.training.inner import BestRows, Setup, improved, relaxed
from serflow_opt.families.training.rows import rows_of
from serflow_opt.ground.deadline import Deadline

LIMITED = ("time", "cost", "energy", "traffic")


def setups(seed: int, folder: Path) -> list[Setup]:
    """Settings whose slow server couples the groups, with goals and limits that some choice of rows keeps."""
    case, draw = oracle.drawn(seed), random.Random(seed)
    del case.clients[3:]
    case.servers = [own | {"speed": 0.1 * own["speed"]} for own in case.servers if "usd_per_hour" in own]
    data = so.load(write(case, folder)).data
    found = []
    for setting in draw.sample([own for own in data.settings if own.mode == "hybrid"], 3):
        rows = rows_of(data, setting)
        assert rows is not None
        goal = {name: draw.random() * 10 for name in draw.sample(LIMITED, 2)}
        choice = np.array([draw.choice(np.flatnonzero(own).tolist()) for own in rows.offered])
        at = (np.arange(len(choice)), choice)
        t = max(rows.lasts[at].max(), rows.served[at].sum())
        achieved = {n: rows.fixed[n] + rows.per_t[n] * t + rows.parts[n][at].sum() for n in LIMITED}
        limits = {name: 1.05 * float(achieved[name]) for name in draw.sample(LIMITED, 2)}
        found.append(Setup(rows, np.ones(len(rows.rows), dtype=bool), goal, limits))
    return found


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
