"""What a plan's reader is told beside its numbers."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from support import tiny

import serflow_opt as so
from serflow_opt.plan.notes import cautions
from serflow_opt.plan.valuation import value_plan
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.network import Samples
from serflow_opt.problem.uncertainty import Uncertainty

ON_FUNCTION: list[dict[str, Any]] = [{"stage": s, "tier": "fn", "option": "f"} for s in (1, 2)]
ACROSS = [{"stage": 1, "tier": "vm", "option": "v"}, ON_FUNCTION[1]]


def with_limits(call_max_bytes: float, run_max_s: float) -> Instance:
    """The function with a provider's limits; it receives 2 B of input or 4 B from stage 1, and runs 0.25 s a stage."""
    instance = tiny.two_stages()
    vm, function = instance.options
    limited = dataclasses.replace(function, call_max_bytes=call_max_bytes, run_max_s=run_max_s)
    return dataclasses.replace(instance, options=(vm, limited))


def notes(instance: Instance, placement: list[dict[str, Any]]) -> list[str]:
    first = {"stage": 1, "threshold": instance.menus[0].thresholds[0]}
    return value_plan(instance, {"placement": placement, "thresholds": [first]}).notes


def test_within_all_limits_there_is_nothing_to_say() -> None:
    """A plan that fits its functions gets no needless note."""
    assert notes(with_limits(4.0, 0.5), ACROSS) == []
    assert notes(with_limits(2.0, 0.5), ON_FUNCTION) == []


def test_burstable_machines_are_pointed_out() -> None:
    """What keeps up its speed for a part of the time only is taken at full speed, and that is said."""
    instance = tiny.two_stages()
    vm, function = instance.options
    burst = dataclasses.replace(instance, options=(dataclasses.replace(vm, burstable=True), function))
    (note,) = notes(burst, ACROSS)
    assert note.startswith("v: burstable")


def test_shares_that_may_be_factors() -> None:
    """50 for times is 51 times as long; half as much again, and scenarios, which have factors, are left alone."""
    for share, said in ((50.0, "51 times what is believed"), (0.5, "")):
        asked = Uncertainty(budget=1, times=(share, share))
        found = " ".join(cautions(tiny.two_stages(uncertainty=asked)))
        assert said in found
        assert bool(found) == bool(said)


def test_what_a_function_does_not_take_in_one_call() -> None:
    """Data larger than a call takes are named with the stage and the limit."""
    (note,) = notes(with_limits(3.0, 10.0), ACROSS)
    assert "stage 2" in note
    assert "payload_max_bytes = 3" in note


def test_tables_that_promise_more_than_the_samples_hold() -> None:
    """Of four samples two leave at once, one of them wrongly; the rest is right: 3/4, not the 0.88 of the table."""
    instance = tiny.two_stages(accuracy_min=0.88)
    threshold = instance.menus[0].thresholds[0]
    confidence = np.array([[threshold, 1.0], [threshold, 1.0], [threshold - 0.1, 1.0], [threshold - 0.1, 1.0]])
    correct = np.array([[True, True], [False, True], [True, True], [True, True]])
    samples = Samples(confidence, correct, (1, 2), np.zeros(4, dtype=bool))
    plan = so.solve(dataclasses.replace(instance, samples=samples, menus=(instance.menus[0], instance.menus[1])))
    assert plan.thresholds[0].threshold == threshold
    assert plan.samples[0].accuracy == 0.75
    assert any("0.7500" in note and "0.88" in note for note in plan.notes)
