"""How long a request holds a worker of a block at least, whatever thresholds keep the accuracy floor: mean and square.

Both are told by dual functions, which are below what any thresholds come to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.ground.tolerances import EQUAL
from serflow_opt.search.lagrangian import LinearCost, StageExits, solve_dual

if TYPE_CHECKING:
    from serflow_opt.ground.arrays import Floats

SLOPES = 9
"""Prices of the mean at which the least second moment of holding times is bounded."""
HELD = 33
"""Mean seconds that one holds a worker which are tried as the least."""


def least_squares(
    exits: StageExits, floor: float | None, square: Floats, busy: Floats, longest: float
) -> tuple[Floats, Floats]:
    """Return slopes and starts of lines below the least second moment of holding times, s², by their mean, s.

    They are the dual function of the least square under the accuracy floor, at some prices of the mean.

    Parameters
    ----------
    exits, floor
        What leaves at each stage, and share of right answers.
    square, busy
        What a unit of reach of each stage adds to the second moment and to the mean.
    longest
        Most seconds that one holds a worker.
    """
    if not longest > 0:
        return np.zeros(0), np.zeros(0)
    slopes = np.linspace(0.0, 2.0, SLOPES)
    view = LinearCost(np.zeros(SLOPES), (square / longest - slopes[:, None] * busy) / longest)
    bounds = solve_dual(exits, floor, view).bound - EQUAL
    known = np.isfinite(bounds)
    return slopes[known] * longest, bounds[known] * longest**2


def least_held(
    exits: StageExits, floor: float | None, busy: Floats, first: int, first_s: float, longest: float
) -> float:
    """Return the least mean seconds that who enters a block holds a worker, whatever thresholds keep the floor.

    Parameters
    ----------
    exits, floor
        What leaves at each stage, and share of right answers.
    busy
        Seconds that a unit of reach of each stage holds a worker.
    first
        Position of the block's first stage.
    first_s, longest
        Least and most seconds that one holds a worker.

    Returns
    -------
    h, seconds: a request of the service holds a worker for at least h times the share that enters.
    """
    if not longest > first_s:
        return first_s
    tried = np.linspace(first_s, longest, HELD)
    weight = np.tile(busy, (HELD, 1))
    weight[:, first] -= tried
    more = solve_dual(exits, floor, LinearCost(np.zeros(HELD), weight / longest)).bound
    return float(tried[np.flatnonzero(more >= EQUAL).max(initial=0)])
