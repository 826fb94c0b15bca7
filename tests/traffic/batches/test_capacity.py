"""What a machine serves at most in batches, by arithmetic."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import serflow_opt as so
from serflow_opt.traffic.batches.capacity import capacity_in_batches, read_batch_times
from serflow_opt.traffic.demand.trace import Trace

TIMES = {1: 0.010, 8: 0.024, 32: 0.096}


def test_the_best_batch_that_ends_in_time() -> None:
    """Eight in 24 ms are 333 a second, the same as 32 in 96 ms; within 18 ms five in 18 ms are most."""
    assert capacity_in_batches(TIMES, 1.0) == pytest.approx(8 / 0.024)
    assert capacity_in_batches(TIMES, 0.018) == pytest.approx(5 / 0.018)
    assert capacity_in_batches(TIMES, 0.011) == pytest.approx(1 / 0.010)


@pytest.mark.parametrize(
    ("times", "said"),
    [
        ({}, "from a batch of 1 on"),
        ({2: 0.01}, "from a batch of 1 on"),
        ({1: 0.0, 2: 0.01}, "above 0"),
        ({1: 0.02, 2: 0.01}, "2 requests take less time than 1"),
        ({1: 3.0}, "3000 for one request, and a target of 2000 ms"),
    ],
)
def test_what_makes_no_sense_is_refused(times: dict[int, float], said: str) -> None:
    """Each fault has its cure."""
    with pytest.raises(so.InputError, match=said):
        capacity_in_batches(times, 2.0)


def test_tables_are_read_with_every_fault(tmp_path: Path) -> None:
    """Sizes that come twice, and figures that are none, are named by their lines."""
    path = tmp_path / "times.csv"
    path.write_text("batch,mean_ms\n1,10\n8,24\n")
    assert read_batch_times(path) == {1: 0.010, 8: 0.024}
    path.write_text("batch,mean_ms\n1,10\n1,12\n0,x\n")
    with pytest.raises(so.InputError) as error:
        read_batch_times(path)
    assert "line 3: batch 1 twice" in str(error.value)
    assert "line 4" in str(error.value)


def test_a_bound_counts_full_batches() -> None:
    """At 600 a second for an hour two machines serve 333 each in batches of eight, and one by one it takes six."""
    trace = Trace(np.full(60, 36_000), 60.0, np.full(60, 60.0))
    found = so.cost_bound(trace, slo_s=0.05, capacity_per_s=TIMES, usd_per_hour=3.0)
    assert found.usd == pytest.approx(6.0)
    alone = so.cost_bound(trace, slo_s=0.05, capacity_per_s=100.0, usd_per_hour=3.0)
    assert alone.usd == pytest.approx(18.0)
