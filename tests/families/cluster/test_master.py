"""The relaxation of a cluster, by hand."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from support.small_cluster import small

import serflow_opt as so
from serflow_opt.families.cluster.columns import Shop
from serflow_opt.families.cluster.master import GoalWithinLimits, InstanceMaster
from serflow_opt.ground.deadline import Deadline


def test_the_bound_is_what_parts_of_servers_would_do(tmp_path: Path) -> None:
    """A server serves 112 requests/s at most, so 100 take 100/112 of one; that is below the one it takes whole."""
    shop = Shop(so.load(small(tmp_path)).data)
    relaxed = InstanceMaster(shop, GoalWithinLimits.of(shop, {"servers": 1.0}, {}), {}).solve(Deadline())
    assert relaxed.bound == pytest.approx(100 / 112, rel=1e-6)
    assert relaxed.x is not None


def test_limits_that_leave_nothing_bound_by_infinity(tmp_path: Path) -> None:
    """0.89 servers are too few for 100 requests/s, 0.9 are enough."""
    shop = Shop(so.load(small(tmp_path)).data)
    few, enough = (
        InstanceMaster(shop, GoalWithinLimits.of(shop, {"servers": 1.0}, {"servers": most}), {}).solve(Deadline()).bound
        for most in (0.89, 0.9)
    )
    assert few == math.inf
    assert enough == pytest.approx(100 / 112, rel=1e-6)


def test_a_goal_of_one_quantity_is_taken_as_it_is(tmp_path: Path) -> None:
    """Coefficients count only between several; a limit on throughput is a least load."""
    shop = Shop(so.load(small(tmp_path)).data)
    alone = GoalWithinLimits.of(shop, {"cost": 7.0}, {"throughput": -150.0})
    assert (alone.weights["cost"], alone.weights["servers"]) == (1.0, 0.0)
    assert alone.least_load == pytest.approx(1.5)
    both = GoalWithinLimits.of(shop, {"cost": 7.0, "servers": 2.0}, {"servers": 3.0})
    assert (both.weights["cost"], both.weights["servers"], both.least_load) == (7.0, 2.0, 1.0)
    assert both.most["servers"] == pytest.approx(3.0)
