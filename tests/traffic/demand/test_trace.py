"""Traces: longer periods, parts and multiples keep their sums."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serflow_opt.traffic.demand.trace import Trace


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
