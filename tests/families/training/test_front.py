"""Fronts of trainings against enumeration."""

from __future__ import annotations

import math
import random
from pathlib import Path

import numpy as np
import pytest
from oracles import training as oracle
from support.drawn_training import KEYS, small
from support.training import write

import serflow_opt as so
from serflow_opt.families.training import front
from serflow_opt.families.training.family import TRAINING
from serflow_opt.ground.arrays import Floats


def less(values: list[dict[str, float]], names: list[str]) -> Floats:
    """Quantities, less is better."""
    return np.array([[-own[name] if name == "accuracy" else own[name] for name in names] for own in values])


def undominated(points: Floats) -> Floats:
    """Points that no other is nowhere above, one of those alike to 1e-9."""
    kept: list[Floats] = []
    for own in np.unique(points, axis=0):  # in lexicographic order: only those before can beat one
        if not any((other <= own + 1e-9 * abs(own)).all() for other in kept):
            kept.append(own)
    return np.array(kept)


@pytest.mark.parametrize("seed", range(3))
def test_the_front_is_that_of_all_plans(tmp_path: Path, seed: int) -> None:
    """Two to four quantities, with a limit that a plan meets: every undominated plan and no other, by labels."""
    case, draw = small(seed), random.Random(seed)
    values = [own for own, _ in oracle.plans(case)]
    names = ["time", *draw.sample(oracle.QUANTITIES[1:], 1 + seed)]
    limited, most = "energy", draw.choice(values)["energy"] * 1.001
    key, shown = KEYS[limited]
    found = so.pareto(TRAINING.changed(so.load(write(case, tmp_path)), {key: most * shown}), names)
    assert found.complete
    assert found.counts["labels"] > 0
    best = undominated(less([own for own in values if own[limited] <= most], names))
    shown_by = [1.0 if name == "accuracy" else KEYS[name][1] for name in names]
    points = less([dict(zip(names, own, strict=True)) for own in found.points], names) / shown_by
    assert points == pytest.approx(best, rel=1e-8)


def test_too_many_labels_leave_the_front_to_boxes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same points by boxes; and nothing is told to be complete when time is over."""
    problem = so.load(write(small(1), tmp_path))
    names = ["time", "cost"]
    whole = so.pareto(problem, names)
    stopped = so.pareto(problem, names, time_limit=1e-9)
    assert not stopped.complete
    monkeypatch.setattr(front, "MOST_LABELS", 0)
    boxes = so.pareto(problem, names)
    assert "solves" in boxes.counts
    assert np.array(boxes.points) == pytest.approx(np.array(whole.points), rel=1e-8)


def test_points_are_held_against_those_known() -> None:
    """In one, two and three columns: beaten by a point that is nowhere above."""
    for columns in (1, 2, 3):
        known = np.array([[1.0, 3.0, 2.0], [2.0, 1.0, 2.0]])[:, :columns]
        points = np.array([[1.0, 3.0, 2.0], [2.5, 1.5, 2.0], [0.5, 0.5, 0.5], [1.5, 2.0, math.pi]])[:, :columns]
        by_hand = [any((own <= point).all() for own in known) for point in points]
        assert front._beaten(known, points).tolist() == by_hand
    assert not front._beaten(np.empty((0, 2)), np.ones((3, 2))).any()
