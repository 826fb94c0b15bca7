"""Decisions in their shortest form."""

from __future__ import annotations

from serflow_opt.plan.decision import Decision, shortest
from serflow_opt.problem.kinds import AS_IS

WEIGHTS = ((1.0, 0.0), (1.0,))


def test_equal_decisions_compare_equal_however_they_were_written() -> None:
    """What is as it is everywhere is left out, so that one plan is counted once."""
    plain = Decision((0, 1), WEIGHTS)
    assert shortest([0, 1], WEIGHTS, [0, 0], [AS_IS, AS_IS]) == plain
    assert shortest([0, 1], WEIGHTS, [0, 2], [AS_IS, AS_IS]) == Decision((0, 1), WEIGHTS, (0, 2))
    assert shortest([0, 1], WEIGHTS, [], [AS_IS, 0]).variants == (AS_IS, 0)


def test_what_is_left_out_is_as_it_is() -> None:
    """A stage without an entry is handed over plainly and runs as it is."""
    plain = Decision((0, 1), WEIGHTS)
    assert (plain.way(1), plain.variant(1)) == (0, AS_IS)
    adapted = Decision((0, 1), WEIGHTS, (0, 2), (0, 0))
    assert (adapted.way(1), adapted.variant(0)) == (2, 0)


def test_the_first_stages_alone_are_a_decision() -> None:
    """Of an adapted plan whose adaptation comes later the beginning is a plain one."""
    adapted = Decision((0, 1), WEIGHTS, (0, 2), (AS_IS, 0))
    assert adapted.first(1) == Decision((0,), WEIGHTS[:1])
