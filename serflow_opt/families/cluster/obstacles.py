"""What stands in the way where there is no plan."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from serflow_opt.families.cluster.menu import menu_of
from serflow_opt.families.cluster.problem import Cluster


def obstacles(problem: Cluster, limits: Mapping[str, float]) -> list[str]:
    """Return, in words, whose requests are too few to fill any batch in time.

    Parameters
    ----------
    problem, limits
        A problem without a plan, and its limits, which these do not come of.
    """
    menu, said = menu_of(problem), []
    for m, own in enumerate(problem.networks):
        low = menu.low[menu.network == m]
        if problem.asked and len(low) and own.rate < low.min():
            k = int(menu.configs[np.flatnonzero(menu.network == m)[int(np.argmin(low))]])
            batch = problem.configs[k].batch
            said.append(
                f"{own.name}: {own.rate:g} requests/s fill no batch in time; batches of {batch} take {low.min():g} at "
                f"least: offer batches of 1"
            )
    return said
