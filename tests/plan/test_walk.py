"""A request on its way, step by step, by hand."""

from __future__ import annotations

import pytest
from support import tiny

from serflow_opt.plan.decision import Decision
from serflow_opt.plan.walk import walk


def test_steps_over_two_tiers_by_hand() -> None:
    """v 0.5 s of input and 1 s; half go on: 0.5 s across, a cold start of 0.5 s for half of them, 0.25 s."""
    first, second = walk(tiny.two_stages(), Decision((0, 1), ((1.0, 0.0), (1.0,))))
    assert (first.whole_s, first.warm_s, first.mean_s, first.leave) == (1.5, 1.5, 1.5, 0.5)
    assert (second.reach, second.leave, second.begins) == (0.5, 0.5, True)
    assert (second.whole_s, second.warm_s) == (1.25, 0.75)
    assert second.mean_s == 0.5 * (0.5 + 0.25 + 0.25)
    assert first.right + second.right == pytest.approx(0.88)


def test_a_stage_on_the_same_function_is_no_new_call() -> None:
    """Nothing crosses and nothing starts cold where a run goes on."""
    first, second = walk(tiny.two_stages(), Decision((1, 1), ((0.0, 1.0), (1.0,))))
    assert (first.begins, first.cold_s) == (True, 0.5)
    assert (second.begins, second.cold_s, second.link, second.wait_s) == (False, 0.0, None, 0.0)


def test_a_walk_ends_where_everybody_leaves() -> None:
    """Stages behind are no steps: they cost nothing whatever the decision says of them."""
    instance = tiny.two_stages(menus=(tiny.menu((1.0,), (0.8,)), tiny.LAST))
    steps = walk(instance, Decision((0, 1), ((1.0,), (1.0,))))
    assert [step.stage for step in steps] == [0]
    assert steps[0].right == 0.8


def test_adaptations_take_their_time_and_their_accuracy() -> None:
    """v8 then f8, small across: 0.75 s, then 0.25 s coded, 0.3125 s moved, 0.125 s decoded, 0.125 s computed."""
    decision = Decision((0, 1), ((1.0, 0.0), (1.0,)), (0, 1), (0, 0))
    first, second = walk(tiny.adapted(), decision)
    assert first.compute_s == 0.75
    assert (second.encode_s, second.wait_s, second.decode_s, second.compute_s) == (0.25, 0.3125, 0.125, 0.125)
    assert (first.lost, second.lost) == (0.03125, 0.5 * 0.0625)
