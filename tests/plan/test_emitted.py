"""The carbon of a plan by its definition, on an instance small enough for the head."""

from __future__ import annotations

import dataclasses

import pytest
from support.golden_carbon import emitting

import serflow_opt as so
from serflow_opt.plan.decision import Decision

ON_V = Decision((0, 0), ((1.0, 0.0), (1.0,)), (0, 0), (-1, -1))
SPLIT = Decision((0, 1), ((1.0, 0.0), (1.0,)), (0, 1), (-1, -1))
"""The VM alone, and the function for stage 2, coded; half leave after stage 1."""


def test_by_use() -> None:
    """v: 0.75 g/s and 0.5 g/FLOP: 1.25 + 0.5 x 2.5 = 2.5 g; coded to f 1.25 + 0.5 (1.09375 + 1.375 + 4.25)."""
    assert so.evaluate(emitting(), ON_V).carbon_g_per_request == pytest.approx(2.5, rel=1e-12)
    assert so.evaluate(emitting(), SPLIT).carbon_g_per_request == pytest.approx(4.609375, rel=1e-12)


def test_machines_rented_whole() -> None:
    """2/s keep v busy for 2 s each, half the time at most: 8 machines at 0.25 g a request, 0.75 + 0.75 g by work."""
    metrics = so.evaluate(emitting(accounting="reserved", rate_per_s=2.0), ON_V)
    assert metrics.carbon_g_per_request == pytest.approx(8 * 0.25 + 1.5, rel=1e-12)
    assert metrics.carbon_g_per_hour == pytest.approx(3.5 * 7200, rel=1e-12)
    assert metrics.machines[0].carbon_g_per_hour == pytest.approx(8 * 0.5 * 3600, rel=1e-12)


def test_a_limit_is_held_against_it() -> None:
    """A plan of 2.5 g breaks a limit of 2 by a quarter."""
    (breach,) = so.evaluate(emitting(carbon_max_g=2.0), ON_V).breaches
    assert (breach.limit, breach.excess) == ("carbon_max_g", pytest.approx(0.25))


def test_what_does_not_say_what_it_emits() -> None:
    """Without the emissions of what it runs on a plan has none."""
    silent = tuple(dataclasses.replace(option, emissions=None) for option in emitting().options)
    assert so.evaluate(emitting(options=silent), ON_V).carbon_g_per_request is None
