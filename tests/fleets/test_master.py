"""Choices of one plan a service within what is shared, against all choices."""

from __future__ import annotations

import itertools
import random

import pytest

from serflow_opt.fleets.master import FleetMaster, SharedLimits
from serflow_opt.fleets.pricing import PlanColumn, SharedPrices
from serflow_opt.ground.deadline import Deadline
from serflow_opt.plan.decision import Decision

NO_PLAN = Decision((), ())


def drawn(seed: int) -> list[list[PlanColumn]]:
    """Three services with a few plans each."""
    draw = random.Random(seed)
    return [
        [
            PlanColumn(k, draw.randint(1, 20), draw.randint(1, 9), (("v", draw.randint(0, 3)),), NO_PLAN)
            for _ in range(draw.randint(1, 4))
        ]
        for k in range(3)
    ]


@pytest.mark.parametrize("seed", range(6))
def test_the_best_choice_is_that_of_all(seed: int) -> None:
    """Limits met exactly are met; the relaxation is no higher, and nothing fits where no choice does."""
    services = drawn(seed)
    ways = list(itertools.product(*services))
    usd = sorted(sum(own.usd_per_hour for own in way) for way in ways)
    for budget in (usd[0], usd[len(usd) // 2], usd[0] - 0.5):
        shared = SharedLimits(float(budget), {"v": 4})
        master = FleetMaster(3, shared, [own for plans in services for own in plans])
        kept = [sum(own.adds for own in way) for way in ways if shared.kept(way)]
        chosen = master.choose(Deadline(), 0.0)
        assert bool(chosen.columns) is bool(kept)
        if kept:
            assert chosen.value == min(kept)
            assert chosen.bound <= min(kept) * (1 + 1e-9)
            relaxed = master.relaxed(Deadline())
            assert relaxed is not None
            assert relaxed[0] <= min(kept) * (1 + 1e-9)


def test_what_is_missing_is_added_up() -> None:
    """2 dollars and 1 machine too much are 3; within what is shared nothing is missing."""
    columns = [PlanColumn(0, 1.0, 4.0, (("v", 2),), NO_PLAN), PlanColumn(1, 1.0, 3.0, (("v", 3),), NO_PLAN)]
    assert SharedLimits(5.0, {"v": 4}, short=True).missing(columns) == pytest.approx(3.0, abs=1e-6)
    assert SharedLimits(7.0, {"v": 5}).missing(columns) == 0
    assert SharedLimits(None, {"v": 5}).kept(columns)
    assert SharedLimits(5.0, {"v": 4}).at(SharedPrices(2.0, {"v": 1.5})) == 16.0


def test_a_plan_known_is_no_new_one() -> None:
    """The same figures again add nothing, and a fleet is complete with a plan of each service."""
    one, other = PlanColumn(0, 1.0, 1.0, (), NO_PLAN), PlanColumn(1, 1.0, 1.0, (), NO_PLAN)
    master = FleetMaster(2, SharedLimits(None, {}))
    assert (master.add(one), master.add(one), master.add(None)) == (True, False, False)
    assert not master.complete
    assert master.add(other)
    assert master.complete
