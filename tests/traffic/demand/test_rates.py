"""Distributions of rates: of traces, in groups, and what spills over a capacity."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serflow_opt import InputError
from serflow_opt.traffic.demand.rates import Rates
from serflow_opt.traffic.demand.trace import Trace


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
