"""The rows of a setting as a block of the model."""

from __future__ import annotations

import math

import numpy as np

from serflow_opt.families.training.rows import LINEAR, Rows
from serflow_opt.formulations.training import SettingBlock


def block_of(rows: Rows) -> SettingBlock:
    """Return a block; its T is bounded by what rows take at most.

    Parameters
    ----------
    rows
        Of a setting.
    """
    offered = rows.offered
    flows = rows.rates is not None
    if rows.rates is not None:
        slowest = float(np.where(offered, rows.rates, math.inf).min(axis=1).sum())
        most = rows.needed / slowest
    else:
        longest = float(np.where(offered, rows.lasts, 0.0).max(initial=0.0))
        most = max(longest, float(np.where(offered, rows.served, 0.0).max(axis=1).sum()))
    return SettingBlock(
        groups=rows.members.tolist(),
        offered=[np.flatnonzero(own).tolist() for own in offered],
        lasts=rows.lasts.tolist(),
        served=rows.served.tolist(),
        leak=rows.leak.tolist(),
        loss=rows.loss.tolist(),
        cuts=rows.cuts.tolist(),
        accuracy=rows.accuracy,
        most_t=min(most, rows.most_t),
        parts={name: rows.parts[name].tolist() for name in LINEAR},
        per_t=rows.per_t,
        fixed=rows.fixed,
        flows=flows,
        rates=[] if rows.rates is None else rows.rates.tolist(),
        load=[] if rows.load is None else rows.load.tolist(),
        needed=rows.needed,
        workers=rows.workers,
    )
