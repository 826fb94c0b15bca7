"""Late requests by workers up, against sums of states and limits that are known."""

from __future__ import annotations

import math

import pytest
from oracles.spot_pools import late_exponential

from serflow_opt.families.spot.lateness import late_shares


@pytest.mark.parametrize("limit_s", [0.05, 0.3])
def test_exponential_service(limit_s: float) -> None:
    """M/M/c state by state, the wait integrated; below the load all are late."""
    found = late_shares(25.0, 0.1, limit_s, True, 6)
    assert found[:3] == (1.0, 1.0, 1.0)
    assert found[3:] == pytest.approx([late_exponential(c, 25.0, 0.1, limit_s) for c in (3, 4, 5, 6)], rel=1e-6)


def test_two_rates_that_are_alike() -> None:
    """With cμ - λ = μ the wait and the service of who waits are Erlang of order 2: C e^{-x} (1 + x) of them."""
    found, waits, x = late_shares(1.0, 1.0, 2.0, True, 2)[2], 1 / 3, 2.0
    assert found == pytest.approx((1 - waits) * math.exp(-x) + waits * math.exp(-x) * (1 + x))


def test_fixed_service_of_one_server() -> None:
    """M/D/1: P(W <= t) = (1 - ρ) e^{λt} for t < D; at t = D/2 and ρ = 1/2 it is 0.5 e^{0.25}."""
    found = late_shares(5.0, 0.1, 0.15, False, 40)
    assert found[1] == pytest.approx(1 - 0.5 * math.exp(0.25), rel=1e-9)
    assert found[-1] <= 1e-15
    assert list(found) == sorted(found, reverse=True)
