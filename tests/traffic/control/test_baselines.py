"""What others do: LIBRA's rule against a plain loop over seconds, SERFLOW's counts, the autoscaler's steps."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from serflow_opt.traffic.control.baselines import Autoscaler, Fixed, Libra, Serflow
from serflow_opt.traffic.demand.trace import Trace
from serflow_opt.traffic.scaling_policy import Seen
from serflow_opt.traffic.service import Block, Function, Machine, Service
from serflow_opt.traffic.simulate.simulate import simulate

LARGE = Machine("m4.large", 0.1 / 3600, 16, (1.0, 1.0), start_s=100.0)
LAMBDA = Function("lambda", (1.0, 1.0), usd_per_s=0.5 * 1.667e-5, usd_per_request=2e-7)
ONE = Service("one", (Block(0, 0, (LARGE,), LAMBDA),), (1.0,), (math.nan,), 1.0)
SHALLOW = Machine("small", 1e-5, 1, (0.1, 0.2, 0.2), start_s=60.0)
DEEP = Machine("big", 4e-5, 1, (0.3, 0.3))
TWO = Service(
    "two",
    (
        Block(0, 1, (SHALLOW,), Function("f", (0.1, 0.2, 0.2), usd_per_s=1e-4, usd_per_request=0.0)),
        Block(2, 2, (DEEP,), Function("g", (0.3, 0.3), usd_per_s=2e-4, usd_per_request=0.0)),
    ),
    (0.5, 0.3, 0.2),
    (0.9, 0.9, 0.9),
    1.0,
)


def seen(now: float, *counts: Any, ready: tuple[dict[str, int], ...] = ()) -> Seen:
    """What blocks saw."""
    blocks = len(counts)
    none: tuple[dict[str, int], ...] = ({},) * blocks
    return Seen(now, tuple(np.asarray(c, dtype=np.int64) for c in counts), ready or none, none, none, (0,) * blocks)


def test_libra_is_the_loop_of_its_authors() -> None:
    """Moving figures second by second, every 300 s int(μ + σ), ceil(share / 16) machines and int(0.8 share) to them."""
    traffic = np.random.default_rng(1).poisson(np.repeat([100, 180, 60, 140], 300))
    mean = deviation = 0.0
    expected = []
    for second, requests in enumerate(traffic.tolist(), start=1):
        if second == 1:
            mean, deviation = requests, 0.0
        else:
            deviation = 0.8 * deviation + 0.2 * abs(mean - requests)
            mean = 0.8 * mean + 0.2 * requests
        if second % 300 == 0:
            share = int(mean + deviation)
            expected.append((math.ceil(share / 16), int(share * 0.8)))
    libra = Libra(ONE)
    libra.decide(seen(0, []))
    have = 0
    for turn, (machines, quota) in enumerate(expected, start=1):
        counts = traffic[300 * (turn - 1) : 300 * turn]
        orders = libra.decide(seen(300.0 * turn, counts, ready=({"m4.large": have},)))
        assert orders.machines == ({"m4.large": machines},)
        steps = orders.quota[0]
        assert steps is not None
        later = 300 * turn + (100 if machines > have else 0)
        assert steps[-1] == (later, quota), "a larger share waits for the machines, a smaller one does not"
        have = machines


def test_libra_assumes_that_every_request_takes_the_longest_time() -> None:
    """LIBRA sizes by the longest run, its rival by the mean: the difference is what exits are worth."""
    libra, mean = Libra(TWO), Libra(TWO, knows_mean=True)
    for policy in (libra, mean):
        policy.decide(seen(0, [], []))
    counts = np.full(300, 40), np.full(300, 8)
    assert libra.decide(seen(300, *counts)).machines[0] == {"small": 40 * 0.2}
    # half leave after 0.1 s: 0.5 x 0.1 + 0.5 x 0.2 = 0.15 s
    assert mean.decide(seen(300, *counts)).machines[0] == {"small": 40 * 0.15}


def test_serflow_leaves_what_is_below_the_point_to_the_function() -> None:
    """T-CIP of the first block: 1e-5 / (1e-4 x 0.15) = 0.667/s; a machine takes 1 / 0.15 = 6.667/s."""
    for rate, machines in ((20, 3), (27, 4), (28, 5)):  # 27: 0.33 above 4 machines, 28: 1.33 above
        policy = Serflow(TWO)
        policy.decide(seen(0, [], []))
        orders = policy.decide(seen(300, np.full(300, rate), np.zeros(300)))
        assert orders.machines[0] == {"small": machines}, rate


def test_a_machine_that_never_pays_is_never_rented() -> None:
    """Second block: T-CIP 4e-5 / (2e-4 x 0.3) = 0.667/s, a machine takes 3.3/s: two for 6.667/s, none for 0.6/s."""
    policy = Serflow(TWO)
    policy.decide(seen(0, [], []))
    counts = np.tile([1, 0, 1, 0, 1], 60)
    first = policy.decide(seen(300, counts, np.zeros(300)))
    assert first.machines[1] == {"big": 0}


def test_the_autoscaler_goes_to_the_middle() -> None:
    """Steps, target and grace of the autoscaler are those reckoned by hand."""
    scaler = Autoscaler(ONE)
    assert scaler.decide(seen(0, [])).machines == ({"m4.large": 1},)
    have = ({"m4.large": 10},)
    assert scaler.decide(seen(60, np.full(60, 80), ready=have)).machines == ({"m4.large": 10},), "50 %"
    assert scaler.decide(seen(120, np.full(60, 128), ready=have)).machines == ({"m4.large": 16},), "80 %: 8 / 0.5"
    assert scaler.decide(seen(180, np.full(60, 16), ready=have)).machines == ({"m4.large": 10},), "grace"
    assert scaler.decide(seen(300, np.full(60, 16), ready=have)).machines == ({"m4.large": 2},), "10 %: 1 / 0.5"


def test_fixed_machines_cost_their_rent() -> None:
    """Seven machines all the time cost seven rents, whoever comes."""
    trace = Trace(np.full(600, 100, dtype=np.int64), 1.0, np.ones(600))
    run = simulate(ONE, trace, Fixed(ONE, [7]))
    assert run.usd["machines"] == pytest.approx(7 * 0.1 / 6, rel=0.01)
    assert run.served == 60_000


def test_libra_in_the_simulator_loses_nothing() -> None:
    """LIBRA's orders, followed in the simulator, leave no request unserved."""
    traffic = np.random.default_rng(2).poisson(np.repeat([100, 30, 200], 300))
    trace = Trace(traffic.astype(np.int64), 1.0, np.ones(900))
    run = simulate(ONE, trace, Libra(ONE))
    assert run.served == run.arrivals
    assert run.by_machine[0] > 0
    assert not run.policy_errors
