"""What machines are worth: the best count by brute force over all counts."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from serflow_opt.traffic.control.worth import AT_ONCE, LOADS, MachineWorth, _least
from serflow_opt.traffic.demand.rates import Rates
from serflow_opt.traffic.service import Block, Function, Machine, Service

MACHINE = Machine("m", 2e-5, 2, (0.1, 0.1), start_s=90.0)
CALL = Function("f", (0.1, 0.1), usd_per_s=4e-5, usd_per_request=0.0)


def service(slo_s: float | None = 0.3, function: Function | None = CALL, quantile: float = 0.95) -> Service:
    """One stage of 0.1 s."""
    return Service("one", (Block(0, 0, (MACHINE,), function),), (1.0,), (math.nan,), slo_s, quantile)


def states(servers: int, load: float, room: float) -> list[float]:
    """Probabilities of 0 to c + room requests at exponential servers: the birth-and-death chain, one by one."""
    weights = [1.0]
    for n in range(1, servers + int(room) + 1):
        weights.append(weights[-1] * load / min(n, servers))
    return [w / math.fsum(weights) for w in weights]


def test_the_best_count_is_that_of_brute_force() -> None:
    """Times of one length: half the variance, so room for r acts as room for about 2 r exponential requests."""
    own = service()
    worth = MachineWorth(own, 0, MACHINE, 1800.0, "random")
    for rate in (0.5, 8.0, 31.0, 120.0):
        for now in (0, 3, 9):
            usd = []
            for n in range(30):
                servers = 2 * n
                room = worth.room(n)
                low, high = (
                    (1.0, 1.0)
                    if n == 0
                    else (states(servers, rate * 0.1, room * 2)[-1], states(servers, rate * 0.1, room * 2 + 1)[-1])
                )
                usd.append((2e-5 * n + 4e-6 * rate * (low + high) / 2 + 2e-5 * 90 / 1800 * abs(n - now), n))
            count, _ = worth.best(Rates.steady(rate), now)
            assert abs(count - min(usd)[1]) <= 1, (rate, now)


def test_without_room_it_is_erlangs_formula_exactly() -> None:
    """Where nobody may wait the share lost is Erlang's, from sums over the states."""
    own = service(slo_s=0.1, quantile=1.0)
    worth = MachineWorth(own, 0, MACHINE, 1800.0, "random")
    assert worth.room(4) == 0
    for load in (0.3, 5.0, 12.0):
        expected = states(8, load, 0)[-1]
        found = float(worth.weights(Rates.steady(load / 0.1)) @ worth.lost(4))
        assert found == pytest.approx(expected, abs=3e-4)


def test_alone_it_is_the_fewest_that_keep_the_target() -> None:
    """Machines are added until Erlang's delay formula with times of one length has less than 4 % beyond 0.2 s."""
    own = service(function=None)
    worth = MachineWorth(own, 0, MACHINE, 1800.0, "random")
    for rate in (10.0, 60.0, 190.0):
        count, usd = worth.best(Rates.steady(rate), 0)
        assert usd == pytest.approx(2e-5 * count)
        assert rate * 0.1 < 2 * count, "not overloaded"
        assert 2 * (count - 1) < rate * 0.1 * 1.35 + 2, "and not idle"
        assert worth.late_at(count, rate) <= 0.04
        assert count == 1 or worth.late_at(count - 1, rate) > 0.04
    assert worth.late_at(0, 1.0) == 1.0
    assert worth.late_behind(0.3) == 1.0
    assert worth.late_behind(0.1) == 0.0


def test_the_grid_of_loads_keeps_means() -> None:
    """Rates spread over the grid keep their sum and their mean, so that no load is made up."""
    worth = MachineWorth(service(), 0, MACHINE, 1800.0, "random")
    rng = np.random.default_rng(0)
    values = np.unique(np.append(rng.uniform(0, 500, 50), 0.0))
    rates = Rates(values, np.full(len(values), 1 / len(values)))
    weights = worth.weights(rates)
    assert weights.sum() == pytest.approx(1)
    assert weights @ LOADS == pytest.approx(rates.mean * 0.1)


def test_the_least_of_many() -> None:
    """More than are compared at once: spread out first, then near the best."""
    for most in (10, AT_ONCE, 5 * AT_ONCE + 3, 10_000):
        for best in (0, most // 3, most):
            assert _least(lambda counts, best=best: np.abs(counts - best) ** 1.5, most, 0) == best


def test_free_time_needs_one_machine() -> None:
    """Work that takes no time needs one machine, however much comes."""
    own = service()
    instant = replace(MACHINE, seconds=(0.0, 0.0))
    assert MachineWorth(own, 0, instant, 1800.0, "random").best(Rates.steady(100.0), 0)[0] == 1


def test_what_was_worked_out_for_a_distribution_is_not_that_of_another() -> None:
    """Three distributions in turn, two of which are kept: each answer is that of a fresh account of the same load."""
    own = service()
    worth = MachineWorth(own, 0, MACHINE, 1800.0, "random")
    each = [Rates.steady(rate) for rate in (20.0, 60.0, 100.0)]
    for rates in (*each, *each, each[1], each[0]):
        fresh = MachineWorth(own, 0, MACHINE, 1800.0, "random")
        assert worth.best(rates, 2) == fresh.best(rates, 2)
        carried = rates.mean - worth.left(rates, 3)
        assert carried == pytest.approx(rates.mean - rates.mean * fresh.lost_at(3, rates.mean), rel=1e-3)
