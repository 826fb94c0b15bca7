"""What thresholds make of labels, by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from support import tiny

from serflow_opt.formulations.coefficients import Data
from serflow_opt.fronts.labels import Accuracy, LabelStep, grow, step_of
from serflow_opt.problem.kinds import AS_IS

COLUMNS = ("cost", "latency", "accuracy")


def test_a_threshold_scales_what_follows_and_takes_its_right_answers() -> None:
    """Half leave with 0.8 right, a quarter with 0.9: costs go on for the rest, the worst case for all."""
    step = step_of(Data(tiny.two_stages()), 1, AS_IS, COLUMNS)
    assert step.scale.tolist() == [[0.5, 1.0, 0.5], [0.75, 1.0, 0.75]]
    assert step.leave[:, 2] == pytest.approx([-0.4, -0.225])
    grown = step.extend(np.array([1.0, 2.0, 0.0]), np.array([[4.0, 6.0, -0.96]]))
    assert grown[0] == pytest.approx([1 + 2, 2 + 6, -0.4 - 0.48])
    assert step.only(1).extend(np.zeros(3), np.array([[4.0, 6.0, 0.0]]))[0] == pytest.approx([3.0, 6.0, -0.225])


def test_only_labels_that_nothing_beats_are_kept_with_their_making() -> None:
    """Two thresholds on two labels make four, of which two stay; the others are beaten or not alive."""
    step = LabelStep(np.array([[1.0, 1.0], [0.5, 1.0]]), np.array([[0.0, 0.0], [0.0, 3.0]]))
    after = np.array([[4.0, 1.0], [2.0, 2.0]])
    grown = grow(step, np.zeros(2), after, lambda v: v[:, 1] < 5, lambda v: v)
    made = {tuple(v): (level, row) for v, level, row in zip(grown.values.tolist(), grown.level, grown.row, strict=True)}
    assert made == {(4.0, 1.0): (0, 0), (2.0, 2.0): (0, 1)}


def test_suffixes_that_no_prefix_can_save_are_left() -> None:
    """At a floor of 0.9 stage 2 needs (0.9 - 0.225) / 0.75 = 0.9 behind a quarter that left."""
    accuracy = Accuracy(Data(tiny.two_stages(accuracy_min=0.9)))
    assert accuracy.attainable(2, np.array([0.899, 0.9, 0.96])).tolist() == [False, True, True]
    assert accuracy.attainable(1, np.array([0.89, 0.9, math.inf])).tolist() == [False, True, True]
