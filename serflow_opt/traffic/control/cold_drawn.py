"""How many calls find a function cold, by drawing: a short trace is simulated with as many machines all the time.

The formula (`cold.py`) takes calls for random ones, each of which holds its environment for its own time. Where load
sets in at once they come before the first has ended, and each holds an environment of its own for its cold start, too:
on a square wave of 50 requests/s, 0.07 s each, it says 14 cold calls, and simulations have 23.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.traffic.control.baselines import Fixed
from serflow_opt.traffic.simulate.simulate import simulate

if TYPE_CHECKING:
    from serflow_opt.ground.arrays import Floats
    from serflow_opt.traffic.demand.trace import Trace
    from serflow_opt.traffic.service import Machine, Service

DRAWS, SURE = 20, 0.99
SHORT = 50_000
"""Requests of a trace that is drawn so often in half a second at most; longer ones have next to no cold calls."""
FIRST_SEED = 1_000_000
"""Draws are none of those that are shown: these have small seeds."""


def drawn_cold(service: Service, trace: Trace, fleets: Sequence[tuple[Machine | None, int]]) -> Floats:
    """Return how many calls of the function of each block find it cold, `DRAWS` times over, a row each.

    Parameters
    ----------
    service
        All its blocks have functions.
    trace
        What arrives.
    fleets
        The type of machines of each block, and how many there are from one start on.
    """
    blocks = tuple(
        replace(block, machines=() if machine is None else (machine,))
        for block, (machine, _) in zip(service.blocks, fleets, strict=True)
    )
    fixed = replace(service, blocks=blocks, degraded=None)
    policy = Fixed(fixed, [count for _, count in fleets])
    return np.array([simulate(fixed, trace, policy, seed=FIRST_SEED + k).cold_starts for k in range(DRAWS)], float)


def at_most(draws: Floats) -> float:
    """Return what the mean of draws is no more than, at `SURE`, by Student's t."""
    from scipy.special import stdtrit

    many = len(draws)
    return float(draws.mean() + stdtrit(many - 1, SURE) * draws.std(ddof=1) / math.sqrt(many))
