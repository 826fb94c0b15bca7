"""The witness: what a window costs, idle time by idle time; shares no code with model and search."""

from __future__ import annotations

import math

from serflow_opt.families.keep_alive.problem import Idle, KeepAliveWindow
from serflow_opt.families.protocol import Valued
from serflow_opt.ground.tolerances import ROUNDING


def value(problem: Idle, window: KeepAliveWindow) -> Valued:
    """Value a window: cost of a request, share of cold starts, idle seconds a request, USD an hour of being loaded.

    Parameters
    ----------
    problem, window
        Idle times and prices, and when the function is loaded.
    """
    idle, cold = [], []
    opens, ends = window.prewarm_s, window.keep_s
    for time, share in zip(problem.times_s.tolist(), problem.shares.tolist(), strict=True):
        loaded = max(min(time, ends) - opens, 0.0)
        slack = ROUNDING * max(time, 1.0)
        met = time <= ends + slack and (opens == 0 or time - problem.resolution_s >= opens - slack)
        idle.append(share * loaded)
        cold.append(0.0 if met else share)
    seconds, missed = math.fsum(idle), math.fsum(cold)
    held = seconds * problem.usd_per_idle_s
    values = {
        "cost": held + missed * problem.usd_per_cold_start,
        "cold": missed,
        "idle": seconds,
        "held": held * problem.rate * 3600,
    }
    return Valued(values)
