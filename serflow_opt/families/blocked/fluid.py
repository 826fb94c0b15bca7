"""Workers over time as a fluid: the least seconds of workers with which a graph can be done in a time.

Of the work that can be done by a moment at most all that no path forbids is counted, and of that which has to be done
by then at least all that paths to the end ask for; in between workers are divisible. No schedule takes less.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from serflow_opt.families.blocked.schedule import TimedGraph
from serflow_opt.ground.arrays import Floats
from serflow_opt.ground.tolerances import ROUNDING

PERIODS = 200


class FluidWorkers(NamedTuple):
    """Seconds of workers, starts included; the length of a period, and workers in each."""

    worker_s: float
    period_s: float
    workers: Floats


def fluid_workers(own: TimedGraph, makespan: float, start_s: float, most: float) -> FluidWorkers | None:
    """Return the bound for a graph that is done in a time; None: it cannot be, with so many workers.

    Parameters
    ----------
    own
        The graph with its seconds.
    makespan, start_s
        From when workers can work until all is done; seconds of a worker before it works.
    most
        Workers.
    """
    from serflow_opt.backend.highs import HighsModel
    from serflow_opt.formulations.blocked import fluid

    if makespan < own.path * (1 - ROUNDING):
        return None
    period = makespan / PERIODS
    ends: Floats = period * np.arange(1.0, PERIODS + 1)
    slack = max(makespan, own.path)
    early = _done_by(own.before, own.seconds, ends)
    late = _done_by(slack - own.behind - own.seconds, own.seconds, ends)
    early, late = np.minimum(early, own.work), np.minimum(late, early)
    early[-1] = late[-1] = own.work
    model = fluid((early / own.work).tolist(), (late / own.work).tolist(), period / own.work, start_s / own.work, most)
    outcome = HighsModel(model).solve(gap=0.0, threads=1)
    if not outcome.values:
        return None
    workers = np.array([outcome.value(model.P[k]) for k in model.K])
    return FluidWorkers(outcome.bound * own.work, period, workers)


def _done_by(starts: Floats, seconds: Floats, moments: Floats) -> Floats:
    """Work done by moments where each task runs from its start without a break."""
    at = np.concatenate([starts, starts + seconds])
    change = np.concatenate([np.ones(len(starts)), -np.ones(len(starts))])
    order = np.argsort(at, kind="stable")
    at, running = at[order], np.cumsum(change[order])
    done = np.concatenate([[0.0], np.cumsum(running[:-1] * np.diff(at))])
    found: Floats = np.interp(moments, at, done, left=0.0, right=math.fsum(seconds.tolist()))
    return found
