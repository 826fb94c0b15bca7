"""The least that an autoscaler can pay, against every set of rentals of tiny traces and against arithmetic."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

import serflow_opt as so
from serflow_opt.errors import InputError
from serflow_opt.traffic.cost_bound import cost_bound

STEP = 60.0


def late_requests(counts: list[int], ready: list[int], rate: float, slo_s: float) -> float:
    """Requests late at least: in any run of steps, those that must be served in it less what it can serve.

    Runs do not share steps, so what is late in each adds up; the best split into runs is a recursion.
    """
    least = [0.0] * (len(counts) + 1)
    for end in range(1, len(counts) + 1):
        for begin in range(end):
            came = sum(counts[begin:end]) - counts[end - 1] * slo_s / STEP
            least[end] = max(least[end], least[begin] + max(0.0, came - rate * STEP * sum(ready[begin:end])))
    return least[-1]


def by_enumeration(
    counts: list[int], rate: float, usd_per_s: float, slo_s: float, start_s: float, billing_s: float, late: float
) -> float:
    """The cheapest of all sets of up to five rentals, each ready from the begin of a step to the end of one."""
    spans = [(a, b) for a in range(len(counts)) for b in range(a + 1, len(counts) + 1)]
    best = math.inf
    for many in range(6):
        for chosen in itertools.combinations_with_replacement(spans, many):
            usd = sum(max(billing_s, (b - a) * STEP + start_s) for a, b in chosen) * usd_per_s
            if usd >= best:
                continue
            ready = [sum(a <= k < b for a, b in chosen) for k in range(len(counts))]
            if late_requests(counts, ready, rate, slo_s) <= late * sum(counts) + 1e-9:
                best = usd
    return best


@pytest.mark.parametrize("seed", range(6))
def test_bound_against_enumeration(seed: int) -> None:
    """No set of rentals is cheaper; with nobody late and no waiting into the next step the bound is the cheapest."""
    rng = np.random.default_rng(seed)
    counts = [int(n) for n in rng.integers(0, 130, 4)]
    start, billing = float(rng.choice([0, 45, 90])), float(rng.choice([0, 60]))
    for slo, late in ((1e-9, 0.0), (12.0, 0.0), (6.0, 0.1)):
        found = cost_bound(
            so.Trace.of(counts, STEP), slo_s=slo, capacity_per_s=1.0, usd_per_hour=3600.0, start_s=start,
            billing_min_s=billing, late=late, step_s=STEP,
        )  # fmt: skip
        least = by_enumeration(counts, 1.0, 1.0, slo, start, billing, late)
        assert found.usd <= least * (1 + 1e-9)
        if slo < 1 and not late:
            assert found.usd == pytest.approx(least) == pytest.approx(found.reached_usd)


def test_bound_by_arithmetic() -> None:
    """Three machines for a minute, one for the other nine, each start paid: 12 minutes and three starts at a dollar."""
    trace = so.Trace.of([60] * 5 + [180] + [60] * 4, 60.0)
    found = cost_bound(trace, slo_s=1e-6, capacity_per_s=1.0, usd_per_hour=60.0, start_s=30.0, paid_usd=27.0)
    assert found.usd == pytest.approx(12 + 3 * 0.5)
    assert found.machines == (1, 1, 1, 1, 1, 3, 1, 1, 1, 1)
    assert found.static_usd == pytest.approx(3 * 10.5)
    assert found.above == pytest.approx(1.0)


def test_late_requests_spare_the_peak() -> None:
    """As many late as the peak holds above one machine: one machine for all ten minutes is enough, and needed."""
    trace = so.Trace.of([60] * 5 + [66] + [60] * 4, 60.0)
    found = cost_bound(trace, slo_s=1e-6, capacity_per_s=1.0, usd_per_hour=60.0, late=6 / 606)
    assert found.usd == pytest.approx(10.0, rel=1e-5)
    assert found.reached_usd == pytest.approx(10.0)


def test_nothing_comes() -> None:
    """No requests cost nothing."""
    assert cost_bound(so.Trace.of([0, 0], 60.0), slo_s=1, capacity_per_s=1, usd_per_hour=1).usd == 0.0


def test_all_wrong_parameters_are_named() -> None:
    """Each with its name and a cure, all at once; a step has to be longer than the target."""
    trace = so.Trace.of([1, 2], 60.0)
    with pytest.raises(InputError) as told:
        cost_bound(trace, slo_s=0, capacity_per_s=-1, usd_per_hour=math.nan, start_s=-1, billing_min_s=-2, late=1.0)
    assert len(told.value.problems) == 6
    with pytest.raises(InputError, match="step_s"):
        cost_bound(trace, slo_s=90, capacity_per_s=1, usd_per_hour=1, step_s=60)


def test_more_machines_than_are_counted_are_refused() -> None:
    """A million requests in a second, and a hundred thousand machines: each has to serve ten."""
    trace = so.Trace.of([1_000_000, 0])
    with pytest.raises(InputError, match="write at least 10:"):
        cost_bound(trace, slo_s=0.1, capacity_per_s=1.0, usd_per_hour=1.0)
    assert cost_bound(trace, slo_s=0.1, capacity_per_s=1000.0, usd_per_hour=1.0).usd > 0
