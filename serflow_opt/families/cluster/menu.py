"""The configurations that can be of use: within the target, not beaten by another, and what each serves and takes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import ceil, floor
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from serflow_opt.families.cluster.problem import Cluster, Config
from serflow_opt.ground.tolerances import ROUNDING

Array = NDArray[np.float64]


class ClusterMenu(NamedTuple):
    """Configurations as arrays, those of use only.

    Attributes
    ----------
    configs
        Their positions in the problem.
    network, low, up, cores
        Of each: its network, its least and its largest rate, its cores.
    left_out
        How many miss their target, and how many are beaten by another.
    """

    configs: NDArray[np.intp]
    network: NDArray[np.intp]
    low: Array
    up: Array
    cores: Array
    left_out: tuple[int, int]


@lru_cache(maxsize=8)
def menu_of(problem: Cluster) -> ClusterMenu:
    """Return the configurations of use of a problem."""
    rated = [(k, *_rates(problem, own)) for k, own in enumerate(problem.configs)]
    within = [(k, low, up) for k, low, up in rated if up > 0]
    used = [own for own in within if not _beaten(problem, own, within)]
    at = np.array([k for k, _, _ in used], dtype=np.intp)
    own = [problem.configs[k] for k in at]
    return ClusterMenu(
        at,
        np.array([k.network for k in own], dtype=np.intp),
        np.array([low for _, low, _ in used], dtype=float),
        np.array([up for _, _, up in used], dtype=float),
        np.array([k.cores for k in own], dtype=float),
        (len(rated) - len(within), len(within) - len(used)),
    )


def _rates(problem: Cluster, own: Config) -> tuple[float, float]:
    """Least and largest rate of an instance; 0 for both where it misses its target at any."""
    slack = problem.networks[own.network].slo_s * (1 + ROUNDING) - own.time_s
    if slack < (0.0 if own.batch == 1 else own.time_s):
        return 0.0, 0.0
    up = own.measured if own.measured is not None else own.batch / own.time_s * own.processes
    up = floor(up * (1 + ROUNDING)) if problem.whole else up
    low = 0 if own.batch == 1 else own.processes * ceil(own.batch / slack * (1 - ROUNDING))
    return (low, up) if low <= up else (0.0, 0.0)


def _beaten(problem: Cluster, own: tuple[int, float, float], others: Sequence[tuple[int, float, float]]) -> bool:
    """Whether another configuration of the same network takes no more, and serves as much from as little."""
    k, low, up = own
    mine = problem.configs[k]
    for other, its_low, its_up in others:
        its = problem.configs[other]
        if other == k or its.network != mine.network or its.server not in (None, mine.server):
            continue
        if its.slice not in ("", mine.slice) or its.percent > mine.percent or its.cores > mine.cores:
            continue
        if its_up < up or its_low > low:
            continue
        same = (its_up, its_low, its.cores, its.percent, its.slice, its.server) == (
            (up, low, mine.cores, mine.percent, mine.slice, mine.server)
        )
        if not same or other < k:
            return True
    return False
