"""The best row of a menu within limits: what families share whose decisions can all be valued at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.ground.tolerances import TOLERANCE

if TYPE_CHECKING:
    from serflow_opt.families.protocol import Goal
    from serflow_opt.ground.arrays import Floats


def best_row(values: Mapping[str, Floats], goal: Goal, limits: Mapping[str, float]) -> tuple[int, float] | None:
    """Return the position and the value of the best row; None: no row keeps the limits.

    Parameters
    ----------
    values
        By quantity, less is better, what each row comes to.
    goal
        Coefficients of quantities; one alone is minimised as it is.
    limits
        Most of each quantity.
    """
    weights = goal if len(goal) > 1 else dict.fromkeys(goal, 1.0)
    total: Floats = np.sum([by * values[name] for name, by in weights.items()], axis=0)
    for name, most in limits.items():
        total = np.where(values[name] > most + TOLERANCE * abs(most), np.inf, total)
    if not len(total) or not np.isfinite(total).any():
        return None
    best = int(np.argmin(total))
    return best, float(total[best])
