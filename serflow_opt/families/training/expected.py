"""How long a round of a plan is on average: in many of them nobody of the slowest group is drawn."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from serflow_opt.families.training.evaluate import PlanValue
from serflow_opt.families.training.problem import Training
from serflow_opt.ground.tolerances import TOLERANCE


def expected_round(data: Training, setting: Any, valued: PlanValue) -> float:
    """Return the mean of a round's seconds by who is drawn, is late or drops out; the server's work on average.

    Of a group that draws n the last is in by t with probability s(t)^n, s the share of its clients that are in by then.
    Groups are drawn apart, so that all are in with the product of these.

    Parameters
    ----------
    data, setting, valued
        A plan's setting, and what it comes to.
    """
    if setting.mode in ("central", "split") or not data.synchronous:
        return valued.round
    planned = max(valued.chain, valued.served)
    part = [(c, own) for c, own in zip(data.clients, valued.groups, strict=True) if own is not None]
    moments = {0.0, planned, valued.served}
    for client, own in part:
        moments |= {min(own.chain, planned), min(own.chain * client.late_factor, planned)}

    steps = np.array(sorted(moments))
    all_in = np.ones(len(steps))
    for client, own in part:
        share = (1 - client.drops) * (1 - client.late) * (own.chain <= steps)
        share = share + (1 - client.drops) * client.late * (own.chain * client.late_factor <= steps)
        whole = math.floor(own.drawn + TOLERANCE)
        more = max(own.drawn - whole, 0.0)
        all_in *= share**whole * (1 - more + more * share)
    lasts_on = np.where(steps[:-1] < valued.served, 1.0, 1 - all_in[:-1])
    return float((np.diff(steps) * lasts_on).sum()) + data.aggregation_s
