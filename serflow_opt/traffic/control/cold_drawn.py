"""How many calls find a function cold, by drawing: a short trace is simulated with as many machines all the time.

The formula (`cold.py`) takes calls for random ones, each of which holds its environment for its own time. Where load
sets in at once they come before the first has ended, and each holds an environment of its own for its cold start, too:
on a square wave of 50 requests/s, 0.07 s each, it says 14 cold calls, and simulations have 23.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.ground.deadline import NEVER, Deadline
from serflow_opt.traffic.control.baselines import Fixed
from serflow_opt.traffic.simulate.faults import Faults
from serflow_opt.traffic.simulate.functions import Environments
from serflow_opt.traffic.simulate.requests import draw
from serflow_opt.traffic.simulate.simulate import simulate

if TYPE_CHECKING:
    from serflow_opt.ground.arrays import Floats
    from serflow_opt.traffic.demand.trace import Trace
    from serflow_opt.traffic.service import Machine, Service
    from serflow_opt.traffic.simulate.requests import Requests
    from serflow_opt.traffic.simulate.result import Simulation

DRAWS, SURE = 20, 0.99
SHORT = 50_000
"""Requests of a trace that is drawn so often in half a second at most; longer ones have next to no cold calls."""
FIRST_SEED = 1_000_000
"""Draws are none of those that are shown: these have small seeds."""
SEEDS = range(FIRST_SEED, FIRST_SEED + DRAWS)


def drawn_cold(
    service: Service, trace: Trace, fleets: Sequence[tuple[Machine | None, int]], deadline: Deadline = NEVER
) -> Floats:
    """Return how many calls of the function of each block find it cold, `DRAWS` times over, a row each.

    Parameters
    ----------
    service
        All its blocks have functions.
    trace
        What arrives.
    fleets
        The type of machines of each block, and how many there are from one start on.
    deadline
        When to stop.

    Raises
    ------
    OutOfTime
        Where it passes before all are drawn.
    """
    if len(fleets) == 1 and not any(count for _, count in fleets):
        each = ([_cold_alone(service, draw(service, trace, n, deadline=deadline), trace.seconds)] for n in SEEDS)
        return np.array(list(each), float)
    return np.array([run.cold_starts for run in _runs(service, trace, fleets, deadline)], float)


def drawn_late(
    service: Service, trace: Trace, fleets: Sequence[tuple[Machine | None, int]], deadline: Deadline = NEVER
) -> Floats:
    """Return how many requests are late, `DRAWS` times over: who meets two functions cold, too.

    Parameters
    ----------
    service, trace, fleets, deadline
        As of `drawn_cold`, whose errors it has.
    """
    return np.array([run.violations for run in _runs(service, trace, fleets, deadline)], float)


def _runs(
    service: Service, trace: Trace, fleets: Sequence[tuple[Machine | None, int]], deadline: Deadline
) -> Iterator[Simulation]:
    blocks = tuple(
        replace(block, machines=() if machine is None else (machine,))
        for block, (machine, _) in zip(service.blocks, fleets, strict=True)
    )
    fixed = replace(service, blocks=blocks, degraded=None)
    policy = Fixed(fixed, [count for _, count in fleets], keep_warm=service.keep_warm)
    return (simulate(fixed, trace, policy, seed=seed, time_limit=deadline) for seed in SEEDS)


def _cold_alone(service: Service, requests: Requests, end_s: float) -> int:
    """Return how many requests find the one function of a service cold that serves all of them, as `simulate` would.

    Parameters
    ----------
    service, requests
        The service, of one block, and who comes.
    end_s
        When environments are no longer kept warm.
    """
    (block,) = service.blocks
    function, kept = block.function, service.keep_warm[0] if service.keep_warm else 0
    assert function is not None
    environments = Environments(function, Faults())
    lasting = np.array(function.seconds)[np.minimum(requests.exits.astype(np.int64), block.outcomes - 1)].tolist()
    cold, due, every, seconds = 0, 0.0 if kept else math.inf, function.warm_every_s, function.warm_call_s(kept)
    for now, long in zip((requests.times + block.hop_s).tolist(), lasting, strict=True):
        while due <= now and due < end_s:
            for _ in range(kept):
                environments.call(due, seconds)
            due += every
        cold += environments.call(now, long) is True
    return cold


def at_most(draws: Floats) -> float:
    """Return what the mean of draws is no more than, at `SURE`, by Student's t."""
    from scipy.special import stdtrit

    many = len(draws)
    return float(draws.mean() + stdtrit(many - 1, SURE) * draws.std(ddof=1) / math.sqrt(many))
