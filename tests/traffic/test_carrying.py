"""What machines carry, how demands are described, and traces: against textbooks, by hand, and by properties."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import poisson

from serflow_opt import InputError
from serflow_opt.traffic.carrying import Carrying
from serflow_opt.traffic.demand.rates import Rates
from serflow_opt.traffic.demand.trace import Trace
from serflow_opt.traffic.queues.erlang import erlang_b, erlang_c, fewest_servers, largest_loads

# ----------------------------------------------------------------------------------------------------
# Erlang


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


# ----------------------------------------------------------------------------------------------------
# Carrying

caps = st.floats(0.2, 1.0)
ways = st.sampled_from(["random", "smooth"])
loads = st.floats(1e-3, 60.0)


def test_what_machines_carry() -> None:
    """Two servers, load 2: smooth min(2, 0.8 x 2) = 1.6; random 2 (1 - 0.4) = 1.2, capped at 0.5 x 2 = 1."""
    load = np.array([2.0])
    assert Carrying("smooth", 0.8).carried(2, load) == pytest.approx([1.6])
    assert Carrying("random", 0.8).carried(2, load) == pytest.approx([1.2])
    assert Carrying("random", 0.5).carried(2, load) == pytest.approx([1.0])
    assert Carrying("random", 0.5).carried(0, load) == pytest.approx([0.0])


@given(ways, caps, st.integers(0, 40), st.lists(loads, min_size=1, max_size=5), loads)
def test_lines_are_above_and_touch(way: Any, cap: float, servers: int, points: list[float], load: float) -> None:
    """The lines that stand for a concave curve in the model cut off nothing, and are exact at their points."""
    carrying = Carrying(way, cap)
    lines = carrying.lines(servers, np.array(points))

    def least(at: float) -> float:
        return min(slope * at + intercept for slope, intercept in lines)

    assert least(load) >= carrying.carried(servers, np.array([load]))[0] - 1e-9 * max(load, 1.0)
    for point in points:
        assert least(point) == pytest.approx(carrying.carried(servers, np.array([point]))[0], rel=1e-9, abs=1e-9)
    assert all(0 <= slope <= 1 for slope, _ in lines)


@given(ways, caps, st.integers(0, 12), st.integers(1, 5), st.lists(loads, min_size=1, max_size=4))
def test_each_is_carried_of_every_count(way: Any, cap: float, most: int, workers: int, points: list[float]) -> None:
    """The table by count has in each row what one call for that count returns."""
    carrying, at = Carrying(way, cap), np.array(points)
    rows = carrying.each(most, workers, at)
    assert rows.shape == (most + 1, len(points))
    for n, row in enumerate(rows):
        assert row == pytest.approx(carrying.carried(n * workers, at), rel=1e-12, abs=1e-15)


@given(ways, caps, st.integers(0, 30), loads, loads)
def test_more_load_or_servers_carry_more(way: Any, cap: float, servers: int, a: float, b: float) -> None:
    """What machines carry rises with load and servers, is concave in load and never above it: bounds rest on that."""
    carrying, ends = Carrying(way, cap), np.array([a, (a + b) / 2, b])
    left, middle, right = carrying.carried(servers, ends)
    assert (right - left) * (b - a) >= -1e-12
    assert middle >= (left + right) / 2 - 1e-9  # concave
    assert (carrying.carried(servers + 1, ends) >= carrying.carried(servers, ends) - 1e-12).all()
    assert (carrying.carried(servers, ends) <= ends + 1e-12).all()


# ----------------------------------------------------------------------------------------------------
# Rates


@st.composite
def demands(draw: Any) -> Rates:
    values = draw(st.lists(st.floats(0.01, 100.0), min_size=1, max_size=12, unique=True))
    weights = np.array(draw(st.lists(st.floats(0.05, 1.0), min_size=len(values), max_size=len(values))))
    return Rates(np.sort(np.array(values)), weights / weights.sum())


def test_rates_of_a_trace() -> None:
    """0 and 120 requests a minute, and 60 in a minute of which half was seen, one that was not seen: 0, 2, 2 per s."""
    trace = Trace(np.array([0, 120, 60, 0]), 60.0, np.array([60.0, 60.0, 30.0, 0.0]))
    demand = Rates.of_trace(trace)
    assert demand.rates.tolist() == [0.0, 2.0]
    assert demand.shares.tolist() == pytest.approx([0.4, 0.6])
    assert (demand.mean, demand.peak) == (pytest.approx(1.2), 2.0)
    assert demand.mean * trace.seen_s.sum() == pytest.approx(trace.requests)


@pytest.mark.parametrize("seen", [[60.0, 60.0], [0.0, 0.0]])
def test_a_trace_without_requests_is_no_demand(seen: list[float]) -> None:
    """A trace without requests is refused by name with a cure: no rate could be planned for."""
    with pytest.raises(InputError) as caught:
        Rates.of_trace(Trace(np.array([0, 0]), 60.0, np.array(seen), "quiet"))
    (problem,) = caught.value.problems
    assert (problem.file, problem.place) == ("quiet", "requests")
    assert "with traffic" in problem.cure


def test_steady_rate() -> None:
    """One rate is its own mean and peak, and spills what is above the capacity."""
    assert (Rates.steady(3).mean, Rates.steady(3).peak, Rates.steady(3).spilled(2.0)) == (3.0, 3.0, 1.0)


@given(demands(), st.lists(st.floats(0.0, 120.0), min_size=1, max_size=5))
def test_spilled_each_is_spilled(demand: Rates, capacities: list[float]) -> None:
    """Spills of many capacities at once are those of one capacity at a time."""
    each = demand.spilled_each(np.array(capacities))
    assert each == pytest.approx([demand.spilled(c) for c in capacities], rel=1e-9, abs=1e-9)


@given(demands(), st.integers(1, 8), st.lists(st.floats(0.0, 120.0), max_size=4), st.floats(0.0, 120.0))
def test_groups_spill_no_more(demand: Rates, groups: int, breaks: list[float], capacity: float) -> None:
    """Jensen: a group spills no more than its rates do, and as much where the capacity is a break."""
    for grouped in (demand.in_groups(groups), demand.grouped(breaks), demand.grouped([*breaks, capacity])):
        assert grouped.shares.sum() == pytest.approx(1.0)
        assert grouped.mean == pytest.approx(demand.mean)
        assert (np.diff(grouped.rates) > 0).all()
        assert grouped.peak <= demand.peak * (1 + 1e-12)
        assert grouped.spilled(capacity) <= demand.spilled(capacity) + 1e-9
    assert demand.grouped([*breaks, capacity]).spilled(capacity) == pytest.approx(demand.spilled(capacity), abs=1e-9)
    assert len(demand.in_groups(groups).rates) <= max(groups, 1) or len(demand.rates) <= groups


@given(demands())
def test_enough_groups_are_the_rates(demand: Rates) -> None:
    """As many groups as rates change nothing."""
    assert demand.in_groups(len(demand.rates)) is demand
    assert demand.grouped(demand.rates.tolist()).rates == pytest.approx(demand.rates)


# ----------------------------------------------------------------------------------------------------
# Traces


@given(st.lists(st.integers(0, 50), min_size=1, max_size=40), st.sampled_from([1.0, 60.0]), st.floats(0.5, 400.0))
def test_longer_periods_keep_sums(counts: list[int], period: float, least: float) -> None:
    """Longer periods lose no request and no second seen."""
    trace = Trace(np.array(counts), period, np.full(len(counts), period * 0.9))
    longer = trace.in_periods(least)
    assert longer.requests == trace.requests
    assert longer.seen_s.sum() == pytest.approx(trace.seen_s.sum())
    assert longer.period_s >= least * (1 - 1e-9)
    assert longer.period_s < least + period or longer.period_s == period
    assert len(longer.counts) == math.ceil(len(counts) * period / longer.period_s * (1 - 1e-12))


def test_parts_and_multiples_of_a_trace() -> None:
    """Parts, longer periods and multiples of a trace are those counted by hand."""
    trace = Trace(np.array([1, 2, 3, 4]), 60.0, np.full(4, 60.0), "t")
    assert trace.in_periods(60.0).counts.tolist() == [1, 2, 3, 4]
    assert trace.in_periods(61.0).counts.tolist() == [3, 7]
    assert trace.slice(60.0, 180.0).counts.tolist() == [2, 3]
    assert trace.scaled(2.5).counts.tolist() == [2, 5, 8, 10]  # halves go to the even neighbour
    assert (trace.seconds, trace.requests, trace.scaled(2.0).name) == (240.0, 10, "t")
