"""Times that vary around the stated ones, as levels of a distribution: what percentiles of whole paths rest on.

A stage with a standard deviation takes a lognormal time, independently of others; under another law a block takes its
stated times a factor. The sum over a path is taken to be of the same law with the same mean and variance, exact for one
block (for lognormal times L. F. Fenton, "The sum of log-normal probability distributions in scatter transmission
systems", 1960). It is cut into levels that become finer towards the top, where percentiles are: each level of the
distribution is a way for requests to fare, as cold starts are.
"""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.traffic.simulate.service_times import Law

if TYPE_CHECKING:
    from collections.abc import Sequence

    from serflow_opt.ground.arrays import Floats

LOWER = 12
"""Levels below the median."""
COARSE = (1.0, 0.5, 0.25, 0.1, 0.05, 0.02, 0.01, 0.001, 0.0)
"""Shares beyond the ends of a few levels, for bounds."""
FINER, TOP = 1.2, 2.0**-20
"""Above it each level has so much less left beyond it than the one before, down to this."""


@cache
def levels(few: bool = False) -> tuple[Floats, Floats]:
    """Return the shares of the levels and what lies below where they are taken, lowest first.

    `few` takes a few levels at their lower ends, so that what ends after a limit is no more than it is.
    """
    if few:
        return -np.diff(COARSE), 1 - np.array(COARSE[:-1])
    below = np.linspace(0.0, 0.5, LOWER + 1)
    count = math.ceil(math.log(0.5 / TOP) / math.log(FINER))
    beyond = np.concatenate([1 - below, 0.5 * FINER ** -np.arange(1.0, count + 1), [0.0]])
    return -np.diff(beyond), 1 - (beyond[:-1] + beyond[1:]) / 2


def scattered(
    means: Sequence[float],
    deviations: Sequence[float],
    added: Sequence[float],
    *,
    few: bool = False,
    law: Law = Law(),  # noqa: B008 - it is frozen
) -> Floats:
    """Return the times until each stage is done, by level: what varies, and what does not.

    Parameters
    ----------
    means, deviations
        Of the computing until each stage is done, seconds, by stage.
    added
        Hand-overs and cold starts until then, which do not vary, seconds.
    few
        As of `levels`.
    law
        Of the times; fixed: lognormal.

    Returns
    -------
    array
        Seconds, levels x stages; no stage is done before those that come before it.
    """
    mean, deviation = np.asarray(means, dtype=float), np.asarray(deviations, dtype=float)
    cv = np.divide(deviation, mean, out=np.zeros_like(mean), where=mean > 0)
    times = mean * law.quantiles(levels(few)[1], cv) + np.asarray(added, dtype=float)
    found: Floats = np.maximum.accumulate(times, axis=1)
    return found
