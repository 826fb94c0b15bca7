"""How much faster one way is than another, in one run: ratios say the same on a fast machine and on a slow one.

    pytest -s benchmarks/test_ratios.py

Both ways answer alike. A ratio below its bound fails; bounds are a third or less of what was measured when they were
set, so that a busy machine does not fail and a lost kernel or shortcut does. Times are processor times.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from generate import write_instance

import serflow_opt as so
from serflow_opt import kernels

pytest.importorskip("pytest_benchmark")
Work = Callable[[], Any]


def ratio(benchmark: Any, fast: Work, slow: Work, rounds: int = 5, slow_rounds: int = 1) -> float:
    """Return how many times longer the slow way takes, which the benchmark keeps beside its times.

    Parameters
    ----------
    benchmark
        The fixture.
    fast, slow
        The two ways; each has run before.
    rounds, slow_rounds
        How often each is timed; medians count.
    """
    times = []
    for _ in range(slow_rounds):
        begin = time.process_time()
        slow()
        times.append(time.process_time() - begin)
    benchmark.pedantic(fast, rounds=rounds)
    found = statistics.median(times) / benchmark.stats.stats.median
    benchmark.extra_info["ratio"] = found
    print(f"\n{benchmark.name}: {found:.1f}")
    return float(found)


def without_kernels(work: Work) -> Work:
    """The same by numpy alone."""

    def run() -> Any:
        kept, kernels.compiled = kernels.compiled, False
        try:
            return work()
        finally:
            kernels.compiled = kept

    return run


@pytest.mark.benchmark(timer=time.process_time)
def test_labels_beside_the_model(benchmark: Any, tmp_path: Path) -> None:
    """A plan of 5 stages, 10 thresholds and 18 options: label setting against the whole model in HiGHS."""
    instance = so.load(write_instance(tmp_path, 5, 10, 18, 1))
    labels, model = (so.solve(instance, method=method).objective.value for method in ("labels", "milp"))
    assert labels == pytest.approx(model, rel=2e-6)
    found = ratio(benchmark, lambda: so.solve(instance, method="labels"), lambda: so.solve(instance, method="milp"))
    assert found > 20


@pytest.mark.benchmark(timer=time.process_time)
def test_compiled_labels_beside_numpy(benchmark: Any, tmp_path: Path) -> None:
    """A plan of 16 stages, 20 thresholds and 46 options: compiled kernels against numpy."""
    instance = so.load(write_instance(tmp_path, 16, 20, 46, 1))

    def work() -> so.Plan:
        return so.solve(instance, method="labels")

    assert work().objective.value == pytest.approx(without_kernels(work)().objective.value, rel=2e-6)
    assert ratio(benchmark, work, without_kernels(work), slow_rounds=3) > 1.4


@pytest.mark.benchmark(timer=time.process_time)
def test_a_front_by_labels_beside_boxes(benchmark: Any, tmp_path: Path) -> None:
    """All undominated plans by cost and latency of 4 stages, 4 thresholds and 6 options: labels against boxes."""
    instance = so.load(write_instance(tmp_path, 4, 4, 6, 1))

    def front(method: str) -> int:
        return len(so.pareto(instance, ("cost", "latency"), method=method).plans)

    assert front("labels") == front("milp")
    assert ratio(benchmark, lambda: front("labels"), lambda: front("milp")) > 4
