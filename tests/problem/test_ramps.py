"""Classifiers on or off, and networks that begin anew, as files say them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from oracles.writing import write
from support.helpers import two_tiers

import serflow_opt as so
from serflow_opt.problem.network import Menu, Stage
from serflow_opt.problem.ramps import Ramp, ramp_sets, restarted, with_on, with_ramps

ROW = {"activation_bytes": 100.0, "parameter_bytes": 1000.0}


def document(**exits: Any) -> dict[str, Any]:
    """Three stages, the first two with classifiers whose ramps cost a tenth of them."""
    own = two_tiers()
    own["network"] = {"stages": "stages.csv", "input_bytes": 50.0}
    own["exits"] = {"table": "exits.csv", **exits}
    ramp = {"ramp_flops": 1e8, "ramp_parameter_bytes": 0.0}
    stages = [{"stage": s, "flops": 1e9, **ROW, **ramp, **({} if s < 3 else {"ramp_flops": 0.0})} for s in (1, 2, 3)]
    leaving = [(1, 0.5, 0.5, 0.9), (2, 0.5, 0.25, 0.9), (3, 0.0, 1.0, 0.8)]
    names = ("stage", "threshold", "exit_rate", "accuracy")
    own["tables"] = {"stages.csv": stages, "exits.csv": [dict(zip(names, row, strict=True)) for row in leaving]}
    own["workload"] = {}
    return own


def found(own: dict[str, Any], folder: Path) -> str:
    """What is said of a wrong file."""
    with pytest.raises(so.InputError) as told:
        so.load(write(own, folder))
    return str(told.value)


def test_stage_as_it_is_has_no_classifier(tmp_path: Path) -> None:
    """A ramp is a variant of its stage that has its menu and costs its operations."""
    instance = so.load(write(document(ramps_max=1), tmp_path))
    assert [menu.thresholds for menu in instance.menus] == [(), (), (0.0,)]
    assert [(v.first, v.last, v.added_flops, v.menus[v.first].exit_rates) for v in instance.variants] == [
        (0, 0, 1e8, (0.5,)),
        (1, 1, 1e8, (0.25,)),
    ]
    assert instance.ramps_bind
    assert not instance.with_limits(ramps_max=2).ramps_bind
    assert list(ramp_sets(instance)) == [(), (0,), (1,)]


def test_free_classifiers_are_always_on() -> None:
    """Where nothing is limited and a classifier costs nothing there is nothing to decide."""
    menus = (Menu((0.5,), (0.5,), (0.9,)), Menu((0.0,), (1.0,), (0.8,)))
    assert with_ramps(menus, (None, None), limited=False) == (menus, ())
    assert with_ramps(menus, (Ramp(0.0, 0.0), None), limited=False) == (menus, ())
    assert len(with_ramps(menus, (None, None), limited=True)[1]) == 1


def test_ramps_that_are_on_are_part_of_the_network(tmp_path: Path) -> None:
    """Written down with some ramps on, an instance has their operations, times and parameters, and no choice."""
    own = document()
    own["tables"]["stages.csv"][1]["ramp_parameter_bytes"] = 10.0
    instance = so.load(write(own, tmp_path))
    fixed = with_on(instance, (1,))
    assert [stage.flops for stage in fixed.stages] == [1e9, 1.1e9, 1e9]
    assert [stage.parameter_bytes for stage in fixed.stages] == [1000.0, 1010.0, 1000.0]
    assert [menu.exit_rates for menu in fixed.menus] == [(0.0,), (0.25,), (1.0,)]
    for option, plain in zip(fixed.options, instance.options, strict=True):
        assert option.stage_seconds[1] == pytest.approx(1.1 * plain.stage_seconds[1])
    assert not fixed.ramps


def test_input_goes_along_until_a_network_begins_anew() -> None:
    """Before a stage that restarts the input is handed over, and before that beside what the next stage needs."""
    stages = [Stage(1.0, size, 1.0) for size in (10.0, 20.0, 30.0, 40.0)]
    sizes = [stage.activation_bytes for stage in restarted(stages, (False, False, True, False), 7.0)]
    assert sizes == [17.0, 7.0, 30.0, 40.0]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda own: own["tables"]["stages.csv"][2].update(ramp_flops=1.0), "at the last stage"),
        (lambda own: own["tables"].update({"exits.csv": own["tables"]["exits.csv"][1:]}), "without a classifier"),
        (lambda own: own["exits"].update(thresholds="interpolated"), "exits.thresholds"),
        (lambda own: own.update(variant=[{"name": "a", "stages": [1, 1]}]), "classifiers on or off"),
        (lambda own: own["objective"].update(mode="train"), "train each network alone"),
        (lambda own: own["exits"].update(ramps_max=-1), "ramps_max"),
        (lambda own: own["tables"]["stages.csv"][0].update(restarts=1), "the first stage has the input anyway"),
        (lambda own: own["tables"]["stages.csv"][1].update(ramp_flops=-1.0), "column ramp_flops"),
    ],
)
def test_wrong_files_are_told(change: Any, said: str, tmp_path: Path) -> None:
    """What does not go together is named, with a cure."""
    own = document()
    for row in own["tables"]["stages.csv"]:
        row.setdefault("restarts", 0)
    change(own)
    assert said in found(own, tmp_path)


def test_limit_without_ramps_is_told(tmp_path: Path) -> None:
    """A limit that a file does not speak of cannot be set where classifiers are always on."""
    own = document()
    for row in own["tables"]["stages.csv"]:
        row["ramp_flops"] = 0.0
    own["tables"]["exits.csv"].insert(0, {"stage": 1, "threshold": 0.2, "exit_rate": 0.7, "accuracy": 0.8})
    with pytest.raises(so.InputError, match="always on"):
        so.load(write(own, tmp_path)).with_limits(ramps_max=1)
