"""How long a round of a plan is on average: in many of them nobody of the slowest group is drawn, in some many who
have the server work."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from serflow_opt.families.training.evaluate import PlanValue
from serflow_opt.families.training.problem import Training
from serflow_opt.ground.tolerances import SMALLEST, TOLERANCE

if TYPE_CHECKING:
    from serflow_opt.ground.arrays import Floats

MOST_TOLD_APART = 10
"""Groups that have the server work and of which a client more or less is drawn: up to here all cases are looked at."""
POINTS = 200
"""Of the integral where the server's work is taken as normal, beside the ends of chains."""
WIDTHS = 6.0
"""Standard deviations of that work on either side."""


def expected_round(data: Training, setting: Any, valued: PlanValue) -> float:
    """Return the mean of a round's seconds by who is drawn, is late or drops out, and what the server does for them.

    Of a group that draws n the last is in by t with probability s(t)^n, s the share of its clients that are in by then.
    Groups are drawn apart, so that all are in with the product of these. The server's work is a sum over those drawn;
    with more than `MOST_TOLD_APART` groups in it, it is taken as normal, given who is in.

    Parameters
    ----------
    data, setting, valued
        A plan's setting, and what it comes to.
    """
    if setting.mode in ("central", "split") or not data.synchronous:
        return valued.round
    server = None if setting.server < 0 else data.servers[setting.server]
    shared = server is not None and not server.is_function
    planned = max(valued.chain, valued.served)
    part = [(c, own) for c, own in zip(data.clients, valued.groups, strict=True) if own is not None]
    moments = {0.0, planned}
    for client, own in part:
        moments |= {min(own.chain, planned), min(own.chain * client.late_factor, planned)}
    steps = np.array(sorted(moments))
    in_by = np.empty((len(part), len(steps)))
    for k, (client, own) in enumerate(part):
        in_by[k] = (1 - client.drops) * (1 - client.late) * (own.chain <= steps)
        in_by[k] += (1 - client.drops) * client.late * (own.chain * client.late_factor <= steps)
    whole = np.array([math.floor(own.drawn + TOLERANCE) for _, own in part], dtype=float)
    more = np.maximum(np.array([own.drawn for _, own in part]) - whole, 0.0)
    work = np.array([own.waits if shared else 0.0 for _, own in part]) / max(setting.workers, 1)
    certain = float(whole @ work)
    varies = (more > TOLERANCE) & (work > 0)
    sure = np.prod(in_by ** whole[:, None], axis=0)
    sure *= np.prod(1 - more[~varies, None] + more[~varies, None] * in_by[~varies], axis=0)
    sure[-1] = 1.0  # a round ends as planned, whoever does not answer
    in_by[:, -1] = 1.0
    drawn = (more[varies], in_by[varies], work[varies])
    case = _told_apart if varies.sum() <= MOST_TOLD_APART else _normal
    return case(steps, sure, certain, *drawn) + data.aggregation_s


def _told_apart(steps: Floats, sure: Floats, certain: float, more: Floats, in_by: Floats, work: Floats) -> float:
    """Mean over who is drawn of max(last chain, server's work)."""
    served, chance, all_in = np.array([certain]), np.ones(1), sure[None, :]
    for m, own, seconds in zip(more, in_by, work, strict=True):
        served = np.concatenate([served, served + seconds])
        chance = np.concatenate([chance * (1 - m), chance * m])
        all_in = np.concatenate([all_in, all_in * own])
    left = np.maximum(steps[1:] - np.maximum(steps[:-1], served[:, None]), 0.0)
    return float(chance @ (served + (left * (1 - all_in[:, :-1])).sum(axis=1)))


def _normal(steps: Floats, sure: Floats, certain: float, more: Floats, in_by: Floats, work: Floats) -> float:
    """The same with the sum of many as normal: the integral of 1 - P(all in by t, work at most t)."""
    chance = 1 - more[:, None] + more[:, None] * in_by
    given = more[:, None] * in_by / np.maximum(chance, SMALLEST)
    all_in = sure * np.prod(chance, axis=0)
    mean = certain + work @ given
    spread = np.sqrt(np.maximum((work**2) @ (given * (1 - given)), SMALLEST))
    last = max(steps[-1], mean[-1] + WIDTHS * spread[-1])
    times = np.union1d(np.linspace(max(mean[-1] - WIDTHS * spread[-1], 0.0), last, POINTS), steps)
    at = np.searchsorted(steps, times[:-1], side="right") - 1
    middle = (times[1:] + times[:-1]) / 2
    done = all_in[at] * _below((middle - mean[at]) / spread[at])
    return float((np.diff(times) * (1 - done)).sum())


def _below(deviations: Floats) -> Floats:
    """The share of a normal distribution below; without scipy, whose import takes longer than all of this."""
    return np.array([math.erfc(-own / math.sqrt(2)) / 2 for own in deviations.tolist()])
