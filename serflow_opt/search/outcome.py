"""How a search is asked, and what it comes back with."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from serflow_opt.backend.running import Progress
from serflow_opt.ground.deadline import GRACE_S, Deadline
from serflow_opt.ground.tolerances import DEFAULT_GAP, EQUAL, NIL
from serflow_opt.plan.decision import Decision
from serflow_opt.plan.document import Metrics
from serflow_opt.search.combinatorial import ChainSearch
from serflow_opt.search.own_constraints import Extra
from serflow_opt.search.prune import Pruned
from serflow_opt.search.rented.late import LateSearch
from serflow_opt.search.rented.search import RentedSearch

Method = Literal["auto", "labels", "mixes", "milp"]
OUT_OF_TIME = "time ran out before a plan was found"
GAP_LEFT = "HiGHS ended with a gap left, though no limit on time stopped it: its numbers do not resolve what is left"


@dataclass(frozen=True)
class SearchSettings:
    """How to search: gap, when to stop, HiGHS threads and seed, further options, progress callback, own constraints.

    `grace_s` is what a first plan may take beyond the deadline.
    """

    gap: float = DEFAULT_GAP
    deadline: Deadline = field(default_factory=Deadline)
    threads: int = 0
    seed: int = 0
    method: Method = "auto"
    options: Mapping[str, object] = field(default_factory=dict)
    on_progress: Callable[[Progress], None] | None = None
    extra: Extra | None = None
    grace_s: float = GRACE_S


@dataclass(slots=True)
class SearchOutcome:
    """State of a search: the best decision that holds exactly, its metrics, and the bound.

    `pruned` is there where placements were listed one by one, `chain` where all were swept at once, `rented` where
    mixes of thresholds bounded those with whole machines. Nothing is better
    than `checked` whatever a solver says: that is from multipliers (`certifying.py`), Lagrangian bounds and labels.
    `beside` says what else was searched, where a second search had a part. `flat` is the last search at flat prices,
    `flat_prices` how many there were, where bytes are priced by volume. `doubt` says what of a solver's word was not
    confirmed, or why there is no plan; `refused` plans did not hold.
    """

    decision: Decision | None = None
    metrics: Metrics | None = None
    value: float = math.inf
    bound: float = -math.inf
    model_value: float | None = None
    nodes: int = 0
    infeasible: bool = False
    checked: float = -math.inf
    doubt: str = ""
    refused: int = 0
    pruned: Pruned | None = None
    chain: ChainSearch | None = None
    rented: RentedSearch | LateSearch | None = None
    beside: str = ""
    flat: SearchOutcome | None = None
    flat_prices: int = 0

    @property
    def empty(self) -> bool:
        """Whether no decision is known yet."""
        return self.decision is None

    def proven(self, gap: float) -> bool:
        """Whether the decision is within the gap of the bound."""
        size = abs(self.value) if math.isfinite(self.value) else abs(self.bound)  # relative to the plan, as it is told
        return self.value <= self.bound + max(gap, EQUAL) * size * (1 + EQUAL) + NIL

    def offer(self, decision: Decision, metrics: Metrics, value: float) -> None:
        """Keep the better of the known decision and this one.

        Parameters
        ----------
        decision, metrics
            Another decision, and what an exact evaluation says of it; one that breaks a limit is not taken.
        value
            Of the goal, less is better.
        """
        if not metrics.breaches and value < self.value:
            self.decision, self.metrics, self.value = decision, metrics, value
