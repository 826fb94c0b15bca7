"""The best thresholds of one placement against all choices of thresholds, on random problems."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

import numpy as np
import pytest

from serflow_opt.ground.deadline import Deadline, OutOfTime
from serflow_opt.search import threshold_labels
from serflow_opt.search.envelope import Envelope
from serflow_opt.search.threshold_labels import ThresholdTask, TooManyLabels, best_thresholds, listed_thresholds

ROUNDING = 1e-9


@dataclass
class Drawn:
    """A task, multipliers for it, and what every choice of thresholds makes of its columns."""

    task: ThresholdTask
    weights: np.ndarray
    choices: np.ndarray  # N x M
    columns: np.ndarray  # N x K

    def least(self, most: float = np.inf) -> float:
        """The least first column within the limits and `most`; infinite where there is none."""
        good = (self.columns <= self.task.limits + ROUNDING).all(axis=1) & (self.columns @ self.weights <= most)
        return float(self.columns[good, 0].min(initial=np.inf))


def of_choice(task: ThresholdTask, levels: tuple[int, ...]) -> np.ndarray:
    """Columns: requests that are left pay what stages add, and those that exit are right at times."""
    columns, reach = np.zeros(task.adds.shape[1]), 1.0
    for envelope, adds, level in zip(task.menus, task.adds, levels, strict=True):
        columns += reach * adds
        columns[-1] -= reach * envelope.mass[level]
        reach *= 1 - envelope.rate[level]
    return columns


def drawn(seed: int, width: int = 2) -> Drawn:
    """Two to five stages with one to five thresholds; a floor of the accuracy, and at times limits on other columns."""
    rng = np.random.default_rng([width, seed])
    stages = int(rng.integers(2, 6))
    menus = []
    for s in range(stages):
        last = s == stages - 1
        count = 1 if last else int(rng.integers(1, 6))
        rate = np.ones(1) if last else rng.uniform(0, 1, count)
        if not last and rng.random() < 0.3:
            rate = np.round(rate * 4) / 4  # some the same, some nobody's, some everybody's
        menus.append(Envelope.of(rate, rate * rng.uniform(0.5, 1, count)))
    adds = rng.uniform(0, 2, (stages, width))
    adds[:, -1] = 0.0 if rng.random() < 0.5 else rng.uniform(-0.02, 0.05, stages)  # accuracy that adaptations lose
    limits = np.full(width, np.inf)
    task = ThresholdTask(menus, adds, limits)
    choices = np.array(list(itertools.product(*(range(len(menu.rate)) for menu in menus))))
    columns = np.array([of_choice(task, tuple(choice)) for choice in choices.tolist()])
    for column in range(1, width):
        if column == width - 1 or rng.random() < 0.8:
            share = rng.uniform(0.05, 0.9) if rng.random() < 0.9 else -1.0
            order = np.sort(columns[:, column])
            limits[column] = order[int(share * len(order))] if share >= 0 else order[0] - 0.01
            limits[column] += rng.choice([1e-7, 1e-3])
    weights = np.append(1.0, rng.uniform(0, 3, width - 1))
    weights[1:][~np.isfinite(limits[1:])] = 0.0
    return Drawn(task, weights, choices, columns)


def bounds(case: Drawn, seed: int) -> list[float]:
    """Values for `most`: beyond everything, just above the best plan's, and somewhere between."""
    rng = np.random.default_rng(seed)
    worth = case.columns @ case.weights
    good = (case.columns <= case.task.limits).all(axis=1)
    first = worth[good][case.columns[good, 0].argmin()] if good.any() else worth.min()
    return [float(worth.max()) + 1, float(first) + 1e-6, float(rng.choice(worth)) + 1e-7, float(worth.min()) - 1e-6]


WIDTHS = [(seed, width) for width in (2, 3, 4) for seed in range(60)]


@pytest.mark.parametrize(("seed", "width"), WIDTHS)
def test_best_of_all_choices(seed: int, width: int) -> None:
    """The thresholds found are within the limits and the best of all choices."""
    case = drawn(seed, width)
    for most in bounds(case, seed):
        choice, labels = best_thresholds(case.task, case.weights, most)
        expected = case.least(most)
        if choice is None:
            assert expected == np.inf
            continue
        assert labels >= 1
        assert choice.columns == pytest.approx(of_choice(case.task, tuple(choice.levels.tolist())), rel=ROUNDING)
        assert (choice.columns <= case.task.limits + ROUNDING).all()
        assert choice.columns[0] <= expected + ROUNDING
        # a label that completes to more than `most` may come out where one within it is not better
        assert choice.columns[0] >= case.least() - ROUNDING


@pytest.mark.parametrize("few", [0, 1, 3, 20])
@pytest.mark.parametrize("seed", range(16))
def test_wherever_prefixes_meet_labels(seed: int, few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where listing ends and labels begin has no effect on the result."""
    monkeypatch.setattr(threshold_labels, "PREFIXES", few)
    case = drawn(seed)
    for most in bounds(case, seed):
        choice, _ = best_thresholds(case.task, case.weights, most)
        expected = case.least(most)
        assert (choice is None) <= (expected == np.inf)
        if choice is not None:
            assert case.least() - ROUNDING <= choice.columns[0] <= expected + ROUNDING


@pytest.mark.parametrize("tolerance", [1e-6, 1e-3, 0.03, 0.3])
@pytest.mark.parametrize("few", [0, 4, 2_000])
@pytest.mark.parametrize("seed", range(24))
def test_within_a_tolerance(seed: int, few: int, tolerance: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing within `most - tolerance` may be missed by more than the tolerance, nor be called impossible."""
    monkeypatch.setattr(threshold_labels, "PREFIXES", few)
    case = drawn(seed)
    for most in bounds(case, seed):
        choice, _ = best_thresholds(case.task, case.weights, most, tolerance=tolerance)
        if choice is None:
            assert case.least(most - tolerance) == np.inf
            continue
        assert (choice.columns <= case.task.limits + ROUNDING).all()
        assert choice.columns == pytest.approx(of_choice(case.task, tuple(choice.levels.tolist())), rel=ROUNDING)
        assert case.least() - ROUNDING <= choice.columns[0] <= case.least(most - tolerance) + tolerance + ROUNDING


@pytest.mark.parametrize("seed", range(24))
def test_a_limit_on_what_is_minimised(seed: int) -> None:
    """With the first column limited to less than its best there is nothing; to a bit more, the best."""
    case = drawn(seed)
    best = case.least()
    if best == np.inf:
        return
    most = float((case.columns @ case.weights).max()) + 1
    for limit, possible in ((best + 1e-6, True), (best - 1e-6, False)):
        limits = np.append(limit, case.task.limits[1:])
        choice, _ = best_thresholds(replace(case.task, limits=limits), case.weights, most)
        assert (choice is not None) == possible


def long_task(stages: int = 8, thresholds: int = 12) -> tuple[ThresholdTask, np.ndarray]:
    """Many choices that nothing rules out."""
    rng = np.random.default_rng(5)
    menus = []
    for _ in range(stages - 1):
        rate = np.sort(rng.uniform(0.05, 0.5, thresholds))
        menus.append(Envelope.of(rate, rate * np.sort(rng.uniform(0.7, 1, thresholds))[::-1]))
    adds = np.column_stack([rng.uniform(0.5, 1.5, stages), np.zeros(stages)])
    return ThresholdTask([*menus, Envelope.of(np.ones(1), np.full(1, 0.9))], adds, np.array([np.inf, -0.8])), np.array(
        [1.0, 1.0]
    )


def test_more_labels_than_allowed() -> None:
    """A search that needs more labels than allowed stops, and with exactly enough it ends."""
    task, weights = long_task()
    choice, labels = best_thresholds(task, weights, 1e3)
    assert choice is not None
    with pytest.raises(TooManyLabels):
        best_thresholds(task, weights, 1e3, labels=labels - 1)
    same, again = best_thresholds(task, weights, 1e3, labels=labels)
    assert same is not None
    assert again == labels
    assert same.levels.tolist() == choice.levels.tolist()


def test_out_of_time() -> None:
    """A deadline stops the labels, a later one does not disturb them."""
    task, weights = long_task()
    with pytest.raises(OutOfTime):
        best_thresholds(task, weights, 1e3, deadline=Deadline(-1))
    assert best_thresholds(task, weights, 1e3, deadline=Deadline(600))[0] is not None


@pytest.mark.parametrize("seed", range(20))
def test_all_within_a_limit_are_listed(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each choice that keeps the floor and comes to no more is listed once, and nothing else; too many: none is."""
    case = drawn(seed)
    for most in bounds(case, seed):
        good = (case.columns[:, 1] <= case.task.limits[1]) & (case.columns @ case.weights <= most)
        found = listed_thresholds(case.task, case.weights, most)
        assert found is not None
        assert sorted(map(tuple, found.tolist())) == sorted(map(tuple, case.choices[good].tolist()))
        monkeypatch.setattr(threshold_labels, "PREFIXES", 1)
        few = listed_thresholds(case.task, case.weights, most)
        assert few is None or len(few) == good.sum()
        monkeypatch.undo()


def test_by_hand() -> None:
    """A stage that costs 1, then one that costs 2: half leave (0.8 right) or a quarter (0.9), then 0.96 are right.

    Costs 2 at accuracy 0.88, or 2.5 at 0.945.
    """
    menus = [Envelope.of(np.array([0.5, 0.25]), np.array([0.4, 0.225])), Envelope.of(np.ones(1), np.full(1, 0.96))]
    adds = np.array([[1.0, 0.0], [2.0, 0.0]])
    for floor, level, columns in ((0.88, 0, [2.0, -0.88]), (0.89, 1, [2.5, -0.945]), (0.95, None, None)):
        task = ThresholdTask(menus, adds, np.array([np.inf, -floor + 1e-12]))
        choice, _ = best_thresholds(task, np.array([1.0, 0.0]), 10.0)
        if level is None:
            assert choice is None
            continue
        assert choice is not None
        assert choice.levels.tolist() == [level, 0]
        assert choice.columns == pytest.approx(columns)


def test_a_floor_exactly_met_by_all_leaving() -> None:
    """All may leave at the first stage with three quarters right, which is what is asked; going on costs more."""
    menus = [Envelope.of(np.array([0.5, 1.0]), np.array([0.5, 0.75])), Envelope.of(np.ones(1), np.ones(1))]
    task = ThresholdTask(menus, np.array([[1.0, 0.0], [1.0, 0.0]]), np.array([np.inf, -0.75]))
    for width in (2, 3):
        wide = ThresholdTask(menus, np.insert(task.adds, 1, 0.0, axis=1), np.insert(task.limits, 1, np.inf))
        choice, _ = best_thresholds(task if width == 2 else wide, np.append(1.0, np.zeros(width - 1)), 10.0)
        assert choice is not None
        assert choice.levels.tolist() == [1, 0]
        assert choice.columns[[0, -1]].tolist() == [1.0, -0.75]
