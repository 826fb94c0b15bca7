"""Thresholds at any confidence of the samples, against trying every one: ties, single samples, floors just in reach."""

from __future__ import annotations

import itertools
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from oracles.joint import counted, draw_samples, every_way, joint_document, joint_optimum
from oracles.writing import write
from support.joint import document

import serflow_opt as so
from serflow_opt.ground.deadline import Deadline
from serflow_opt.search.joint import proving
from serflow_opt.search.joint.grid import Aim, Grid


@pytest.mark.parametrize("seed", range(12))
def test_no_confidence_of_the_samples_does_better(seed: int, tmp_path: Path) -> None:
    """With thresholds at any confidence the answer is that of trying every one."""
    made, ways = joint_document(seed, every_value=True)
    expected = joint_optimum(made, ways)
    plan = so.solve(so.load(write(made, tmp_path)), gap=1e-7)
    assert plan.certificate.scope == ""
    if expected is None:
        assert plan.status == "infeasible"
        return
    assert plan.status == "optimal"
    assert plan.objective.value == pytest.approx(expected, rel=1e-7, abs=1e-18)
    assert plan.bound is not None
    assert plan.bound <= expected * (1 + 1e-9)
    _, accuracy = counted(made, {c.stage: c.threshold for c in plan.thresholds if c.threshold is not None})
    assert accuracy >= made["workload"].get("accuracy_min", 0.0) - 1e-12


def of_samples(rows: list[dict[str, Any]], exits: int, floor: float, folder: Path, **keys: Any) -> so.Instance:
    """Stages of equal work, an exit after each, one function: the cost goes with the mean number of stages."""
    made = document()
    made["exits"] = {"samples": "samples.csv", "classifier_stages": list(range(1, exits + 1)), "joint": True, **keys}
    made["tables"]["samples.csv"] = rows
    made["tables"]["stages.csv"] = made["tables"]["stages.csv"][:exits]
    made["workload"] = {"accuracy_min": floor}
    made["tier"], made["link"] = made["tier"][1:], []
    made["objective"] = {"minimize": "cost", "accounting": "per-request"}
    return so.load(write(made, folder))


def sample(*pairs: tuple[float, int]) -> dict[str, Any]:
    row: dict[str, Any] = {"sample_id": 0}
    for k, (sure, right) in enumerate(pairs, 1):
        row |= {f"conf_exit{k}": sure, f"correct_exit{k}": right}
    return row


def mean_stages(instance: so.Instance) -> float | None:
    plan = so.solve(instance)
    return None if plan.metrics is None else sum(plan.metrics.reach)


def test_one_sample(tmp_path: Path) -> None:
    """It leaves where it is right first: exit 2 of 3; with no floor at once; nowhere if two of one are to be right."""
    rows = [sample((0.9, 0), (0.2, 1), (0.5, 1))]
    assert mean_stages(of_samples(rows, 3, 1.0, tmp_path)) == 2.0
    assert mean_stages(of_samples(rows, 3, 0.0, tmp_path)) == 1.0
    never = [sample((0.9, 0), (0.2, 0), (0.5, 0))]
    assert so.solve(of_samples(never, 3, 0.5, tmp_path)).status == "infeasible"


def test_equal_confidences_leave_together(tmp_path: Path) -> None:
    """Three of four are right at once, all with the same confidence: all leave, or none."""
    rows = [*[sample((0.7, 1), (0.5, 1))] * 3, sample((0.7, 0), (0.5, 1))]
    assert mean_stages(of_samples(rows, 2, 0.75, tmp_path)) == 1.0
    assert mean_stages(of_samples(rows, 2, 0.76, tmp_path)) == 2.0


def test_thresholds_lie_at_any_value_between(tmp_path: Path) -> None:
    """The one wrong sample is fifth of 40 by confidence: 35 leave before it is let go, and at 39 of 40 all leave."""
    rows = [sample(((n + 1) / 41, int(n != 4)), (0.5, 1)) for n in range(40)]
    instance = of_samples(rows, 2, 1.0, tmp_path)
    assert mean_stages(instance) == pytest.approx(1 + 5 / 40)
    (threshold,) = (choice.threshold for choice in so.solve(instance).thresholds if choice.stage == 1)
    assert threshold == 6 / 41
    assert mean_stages(of_samples(rows, 2, 39 / 40, tmp_path)) == 1.0


def test_a_floor_that_thresholds_just_reach(tmp_path: Path) -> None:
    """The highest accuracy of all thresholds can be asked for, one sample more cannot."""
    rows = draw_samples(np.random.default_rng(5), 50, 3)
    most = float(every_way({"tables": {"samples.csv": rows}, "exits": {"classifier_stages": [1, 2, 3]}}).accuracy.max())
    assert so.solve(of_samples(rows, 3, most, tmp_path)).status == "optimal"
    above = so.solve(of_samples(rows, 3, most + 1 / 50, tmp_path))
    assert above.status == "infeasible"
    assert above.infeasible_because[0].limit == "accuracy_min"


def test_a_menu_says_that_it_is_one(tmp_path: Path) -> None:
    """A proof over a menu says so, and is never better than one over all thresholds."""
    rows = draw_samples(np.random.default_rng(6), 80, 3)
    instance = of_samples(rows, 3, 0.5, tmp_path)
    every = so.solve(instance)
    text = (tmp_path / "instance.toml").read_text(encoding="utf-8")
    (tmp_path / "instance.toml").write_text(text.replace("[exits]", "[exits]\nlevels = 3"), encoding="utf-8")
    menu = so.solve(so.load(tmp_path))
    assert every.certificate.scope == ""
    assert "menus of 4 thresholds or fewer" in menu.certificate.scope
    assert every.objective.value is not None
    assert menu.objective.value is not None
    assert every.objective.value <= menu.objective.value * (1 + 1e-9)


EASY_AND_HARD = [
    *[sample((0.9, 1), (0.5, 1))] * 5,
    *[sample((0.6, 0), (0.5, 1))] * 2,
    *[sample((0.3, 0), (0.5, 1))] * 2,
    sample((0.3, 0), (0.5, 0)),
]
"""Exit 2 is right on 9 of 10, but on 2 of the 3 that have less than 0.6 at exit 1."""


def test_a_plan_by_tables_that_misses_its_floor_leads_to_the_samples(tmp_path: Path) -> None:
    """At 0.6 seven leave, five right: tables promise 0.5 + 0.3 x 0.9 = 0.77, the samples have 0.5 + 0.2 = 0.7."""
    by_tables = so.solve(of_samples(EASY_AND_HARD, 2, 0.75, tmp_path, joint=False))
    assert by_tables.metrics is not None
    assert by_tables.metrics.accuracy == pytest.approx(0.77)
    assert by_tables.samples[0].accuracy == pytest.approx(0.7)
    assert any("exits.joint = true" in note for note in by_tables.notes)
    assert "exits.joint = true" in by_tables.certificate.scope
    # at 0.9 five leave, all right, and of the rest four are: 0.9
    joint = so.solve(of_samples(EASY_AND_HARD, 2, 0.75, tmp_path))
    assert joint.status == "optimal"
    assert joint.samples[0].accuracy == pytest.approx(0.9)


def test_a_cure_that_does_not_go_with_the_instance_is_not_given(tmp_path: Path) -> None:
    """No advice is given that the loader would refuse."""
    instance = of_samples(EASY_AND_HARD, 2, 0.75, tmp_path, joint=False, thresholds="interpolated")
    (note,) = so.solve(instance).notes
    assert "raise accuracy_min" in note
    assert "without exits.thresholds" in note


def test_infeasible_by_tables_of_another_setting_says_so(tmp_path: Path) -> None:
    """Behind 0.6 exit 2 is right on 2/3: at 0.9 tables promise 0.5 + 0.5 x 2/3 = 0.83; the samples have 0.9 there."""
    keys = {"joint": False, "earlier_threshold": [0.6]}
    by_tables = so.solve(of_samples(EASY_AND_HARD, 2, 0.85, tmp_path, **keys))
    assert by_tables.status == "infeasible"
    assert "one setting of the earlier thresholds" in by_tables.certificate.scope
    assert "exits.joint = true" in by_tables.certificate.scope
    assert so.solve(of_samples(EASY_AND_HARD, 2, 0.85, tmp_path)).status == "optimal"


@pytest.mark.parametrize("seed", range(30))
def test_a_bound_that_is_wanted_is_proven_or_refuted(seed: int) -> None:
    """Of all combinations of levels the best says which: refuted by levels that are met, or no more than it is."""
    rng = np.random.default_rng(seed)
    grid = Grid.made(rng.integers(0, 6, (40, 2)), [5, 5], (rng.random((40, 3)) < 0.7).astype(float), monotone=True)
    levels = np.array(list(itertools.product(*map(range, grid.levels))))
    counts, right = grid.follow(levels)
    need = int(right.max()) - int(rng.integers(0, 4))
    aim = Aim(np.array([0.0, *rng.uniform(0.1, 1, 2)]), need, np.empty((0, 3)), np.empty(0))
    values = np.where(right >= need, aim.value(counts), math.inf)
    best = float(values.min())
    for enough in (best - 3.0, best - 1e-6, best + 1e-6, best + 3.0):
        answer, met = proving.least(grid, aim, enough + 2.0, enough=enough)
        reached = [float(values[(levels == each).all(axis=1)][0]) for each in met]
        assert answer.bound <= best + 1e-9
        if best > enough:
            assert answer.complete
            assert answer.bound >= enough
        else:
            assert min(reached) <= enough


@pytest.mark.parametrize("seed", range(12))
def test_the_bound_holds_however_little_was_searched(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cells, and diagrams stopped early, never promise more than trying every value finds."""
    rng = np.random.default_rng([9, seed])
    sure, right = rng.integers(0, 12, (25, 4)), (rng.random((25, 4)) < 0.7).astype(float)
    grid = Grid.made(sure[:, :3], [12] * 3, right, True)
    weight, need = rng.uniform(0.1, 1.0, 4), int(rng.integers(12, 24))
    best = math.inf
    for levels in itertools.product(range(12), repeat=3):
        leaves = np.column_stack([sure[:, :3] > np.array(levels), np.ones(25, dtype=bool)]).argmax(axis=1)
        if right[np.arange(25), leaves].sum() >= need:
            best = min(best, float(np.cumsum(weight)[leaves].sum()))
    aim = Aim(weight, need, np.empty((0, 4)), np.empty(0))
    for children in (0, 40, 400):
        short = [(growth, min(effort, children * grid.samples)) for growth, effort in proving.STAGES[:-1]]
        monkeypatch.setattr(proving, "STAGES", (*short, proving.STAGES[-1]))
        answer, _ = proving.least(grid, aim, math.inf)
        assert answer.complete
        assert answer.value == pytest.approx(best)
        assert answer.bound <= best + 1e-9
        late, _ = proving.least(grid, aim, math.inf, deadline=Deadline(0))
        assert late.bound <= best + 1e-9
