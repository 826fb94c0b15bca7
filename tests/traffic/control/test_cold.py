"""Who meets a cold function, and is late for it: by arithmetic and against the simulator's environments."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from serflow_opt.traffic.control.cold import cold_calls, environments, late_when_cold
from serflow_opt.traffic.service import Block, Function, Service
from serflow_opt.traffic.simulate.faults import Faults
from serflow_opt.traffic.simulate.functions import Environments

CALL = Function("call", (0.2, 0.3), cold_start_s=0.4, usd_per_s=1e-4)


def test_environments_take_what_those_before_leave() -> None:
    """Half the time 2 calls/s of 0.5 s: B is 1, 1/2, 1/5 for 0, 1, 2 servers, so 1/2 and 3/10 of 1 call/s are taken."""
    found = environments(np.array([0.0, 2.0]), np.array([0.5, 0.5]), 0.5)
    assert found[:2] == pytest.approx([0.5, 0.3])
    assert found.sum() == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("phases", "cold"),
    [
        ([(5.0, 0.1)], 1 - math.exp(-0.5)),  # kept to the end: the first call only
        ([(20.0, 0.1)], 1 - math.exp(-1) + 10 * 0.1 * math.exp(-1)),  # after 10 s every gap that long is cold, too
        ([(20.0, 0.0)], 0.0),
        ([(10.0, 0.1), (10.0, 0.0)], 1 - math.exp(-1)),
        # in 10 s less and less of the calls before keeps it warm: 0.1 (10 - u) + 0.2 u, u s after the change
        ([(10.0, 0.1), (10.0, 0.2)], 1 - math.exp(-1) + 0.2 * (math.exp(-1) - math.exp(-2)) / 0.1),
    ],
)
def test_calls_are_cold_after_a_gap(phases: list[tuple[float, float]], cold: float) -> None:
    """An environment keeps warm for 10 s."""
    assert cold_calls(phases, 10.0) == pytest.approx(cold)


def test_cold_calls_are_those_of_the_simulator() -> None:
    """4 calls/s of 0.25 s for 600 s, kept 20 s: the mean of 60 runs is within four standard errors and a tenth."""
    rng, runs = np.random.default_rng(3), []
    for _ in range(60):
        own = Environments(replace(CALL, keep_alive_s=20.0, cold_start_s=0.0), Faults())
        times = np.sort(rng.uniform(0.0, 600.0, rng.poisson(2400)))
        runs.append(sum(bool(own.call(float(now), 0.25)) for now in times))
    each = environments(np.array([4.0]), np.ones(1), 0.25)
    found = sum(cold_calls([(600.0, rate)], 20.0) for rate in each.tolist())
    assert abs(found - np.mean(runs)) < 4 * np.std(runs) / math.sqrt(60) + 0.1 * np.mean(runs)


def test_late_when_cold_are_those_who_had_less_slack_than_a_start_takes() -> None:
    """Of 1 s: 0.2 s and 0.4 s more are in time, 0.3 + 0.3 + 0.4 s are in time to the second, and late behind 0.01 s."""
    blocks = Block(0, 0, (), CALL), Block(1, 1, (), replace(CALL, seconds=(0.3, 0.3)))
    own = Service("two", blocks, (0.75, 0.25), (math.nan, math.nan), 1.0)
    assert [late_when_cold(own, b) for b in (0, 1)] == [0.0, 0.0]
    tight = replace(own, slo_s=0.99)
    assert [late_when_cold(tight, b) for b in (0, 1)] == pytest.approx([0.25, 1.0])
    assert [late_when_cold(replace(own, slo_s=0.55), b) for b in (0, 1)] == pytest.approx([0.75, 0.0])  # late anyway
    assert late_when_cold(replace(own, slo_s=None), 0) == 0.0
