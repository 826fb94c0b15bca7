"""Erlang's formulas against tables, sums, integrals and recursions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import poisson

from serflow_opt.traffic.queues.erlang import erlang_b, erlang_c, fewest_servers, largest_loads


@pytest.mark.parametrize(
    ("servers", "load", "share"),
    [
        (0, 3.0, 1.0),
        (1, 1.0, 0.5),  # a / (1 + a)
        (2, 1.0, 0.2),  # (1/2) / (1 + 1 + 1/2)
        (2, 2.0, 0.4),
        (3, 0.0, 0.0),
        (10, 5.0, 0.018385),  # tables of Erlang B
        (20, 12.03, 0.01),
        (100, 84.06, 0.01),
    ],
)
def test_erlang_b(servers: int, load: float, share: float) -> None:
    """Erlang's loss formula has the values that small sums and printed tables have."""
    assert erlang_b(servers, load) == pytest.approx(share, rel=1e-3)


@pytest.mark.parametrize(
    ("servers", "load", "share"),
    [
        (1, 0.3, 0.3),  # M/M/1: ρ
        (2, 1.0, 1 / 3),
        (3, 2.0, 4 / 9),
        (10, 5.0, 0.03611),
        (4, 4.0, 1.0),
        (4, 9.0, 1.0),
        (0, 1.0, 1.0),
    ],
)
def test_erlang_c(servers: int, load: float, share: float) -> None:
    """Erlang's waiting formula has the values of small sums and tables, and 1 at full load and beyond."""
    assert erlang_c(servers, load) == pytest.approx(share, rel=3e-4)


@given(st.integers(1, 300), st.floats(1e-3, 300.0))
def test_erlang_b_is_a_truncated_poisson_distribution(servers: int, load: float) -> None:
    """B(c, a) = P(N = c | N <= c) for N of mean a; 1 / B = a ∫ exp(-a x) (1 + x)^c dx."""
    exact = math.exp(poisson.logpmf(servers, load) - poisson.logcdf(servers, load))
    assert erlang_b(servers, load) == pytest.approx(exact, rel=1e-7)
    assert erlang_b(servers, np.array([load, load]))[1] == pytest.approx(exact, rel=1e-7)


@pytest.mark.parametrize("servers", [257, 1000, 40_000])
@pytest.mark.parametrize("deviations", [-30.0, -10.0, -4.0, -0.5, 0.0, 1.0, 5.0, 9.9, 10.1, 40.0, 1e5])
def test_erlang_b_of_many_servers_is_that_of_one_more_at_a_time(servers: int, deviations: float) -> None:
    """The fast formula for many servers is the recursion over one server more at a time, however far from full load."""
    load = servers + deviations * math.sqrt(servers)
    if load < 0:
        load = 0.3 * servers
    blocked = 1.0
    for c in range(1, servers + 1):
        blocked = load * blocked / (c + load * blocked)
    assert erlang_b(servers, load) == pytest.approx(blocked, rel=1e-11, abs=1e-290)
    assert erlang_b(servers, np.array([load, 0.0])).tolist() == pytest.approx([blocked, 0.0], rel=1e-11, abs=1e-290)


def test_erlang_b_of_very_many_servers() -> None:
    """At full load 1/B = sqrt(pi c / 2) + 2/3 + sqrt(pi / (288 c)), far above 1 - c/a."""
    c = 10**12
    assert erlang_b(c, float(c)) == pytest.approx(1 / (math.sqrt(math.pi * c / 2) + 2 / 3), rel=1e-11)
    assert erlang_b(c, 4.0 * c) == pytest.approx(0.75, rel=1e-9)
    assert erlang_b(c, 0.5 * c) == 0.0


@pytest.mark.parametrize("load", [0.5, 200.0, 300.0, 5000.0, 1e9])
def test_fewest_servers_turn_no_more_away(load: float) -> None:
    """The count is enough, and one fewer is not."""
    servers = fewest_servers(load, 1e-3)
    assert erlang_b(servers, load) <= 1e-3 < erlang_b(servers - 1, load)


def test_largest_loads_of_many_and_few_agree() -> None:
    """Loads found by both formulas are within 1e-7 a server of the largest, on either side of where they change."""
    servers = np.arange(200, 320)
    loads = largest_loads(servers, 1e-2)
    assert [erlang_c(int(c), load) <= 1e-2 for c, load in zip(servers, loads, strict=True)] == [True] * 120
    assert min(erlang_c(int(c), load + 2e-7 * c) for c, load in zip(servers, loads, strict=True)) > 1e-2


def test_erlang_b_is_the_integral() -> None:
    """The loss formula is the reciprocal of its integral, reckoned by quadrature."""
    inverse, _ = quad(lambda x: 5.0 * math.exp(-5.0 * x) * (1.0 + x) ** 10, 0.0, 20.0)
    assert erlang_b(10, 5.0) == pytest.approx(1.0 / inverse, rel=1e-9)


@given(st.integers(1, 200), st.floats(1e-4, 0.9))
def test_largest_load_is_where_so_many_wait(servers: int, waiting: float) -> None:
    """The load keeps the share that waits, and a little more load breaks it."""
    load, more = largest_loads(np.array([servers, servers + 3]), waiting)
    assert more > load
    assert 0 < load < servers
    assert erlang_c(servers, load) <= waiting < erlang_c(servers, load + 2e-7 * servers)


def test_all_may_wait() -> None:
    """Where all may wait every server can be busy all the time."""
    assert largest_loads(np.array([1, 5]), 1.0).tolist() == [1.0, 5.0]


loads = st.floats(1e-3, 60.0)
