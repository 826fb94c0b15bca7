"""What searches over the placements of an instance share: what is asked of them, and the best plan so far."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from serflow_opt.ground.arrays import Floats, Ints
from serflow_opt.ground.deadline import NEVER, Deadline
from serflow_opt.ground.tolerances import FOR_VALUING
from serflow_opt.search.layered import Chain
from serflow_opt.search.placed import Placed


@dataclass(slots=True)
class PlacementCounts:
    """Placements there are, and listed because bounds left them; sweeps."""

    placements: float = 0.0
    listed: int = 0
    sweeps: int = 0


class PlacementSearch:
    """A search over the arrays of an instance.

    Parameters
    ----------
    chain
        The arrays.
    gap
        How much better than the best plan others have to be, relative.
    deadline
        When to stop.
    on_better
        Called with the value of each better plan and the bound, in units of the chain's objective.
    grace_s
        Seconds beyond the deadline for a first plan.

    Attributes
    ----------
    value, bound
        Of the best plan, and what no plan is below, in units of the chain's objective.
    best
        Its placement and thresholds.
    limited
        Which columns have a limit, C.
    """

    def __init__(
        self,
        chain: Chain,
        gap: float,
        deadline: Deadline = NEVER,
        on_better: Callable[[float, float], None] | None = None,
        grace_s: float = 0.0,
    ) -> None:
        self.chain, self.on_better = chain, on_better
        self._deadlines = deadline, deadline.later(grace_s) if grace_s else deadline
        self.gap = max(gap - FOR_VALUING, gap / 2)  # the rest is for the exact value of the plan
        self.limited = np.isfinite(chain.limits)
        self.value, self.bound = math.inf, -math.inf
        self.best: tuple[Placed, Ints] | None = None

    @property
    def deadline(self) -> Deadline:
        """When to stop: a little later where no plan is known yet."""
        return self._deadlines[not self.knows]

    @property
    def knows(self) -> bool:
        """Whether there is a plan."""
        return math.isfinite(self.value)

    def offset(self, weights: Floats) -> float:
        """What is added to V: minus the multipliers times the limits."""
        return -float(weights[1:] @ np.where(self.limited, self.chain.limits, 0.0)[1:])
