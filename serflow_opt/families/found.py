"""What a search found, whatever the family: the best decision that holds exactly, its value, and the bound."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from serflow_opt.ground.tolerances import EQUAL, NIL

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(slots=True)
class Found:
    """State of a search.

    Attributes
    ----------
    decision, values
        The best decision that holds exactly and what it achieves, by quantity; None: none yet.
    violation
        Its largest relative breach, within what an exact evaluation forgives.
    value, bound
        Of the goal, less is better: the decision's, and what no decision is below.
    checked
        What no decision is below whatever a solver says.
    model_value
        What the model thinks of the decision.
    infeasible
        Whether there is proven to be no decision.
    doubt
        What was not proven, in words.
    method, scope
        How, in words, and what the proof is of where that is narrower than the question; empty: as by the model.
    counts
        What was done, for the certificate.
    notes
        What else to know of the decision, in words.
    """

    decision: Any = None
    values: Mapping[str, float] | None = None
    violation: float = 0.0
    value: float = math.inf
    bound: float = -math.inf
    checked: float = -math.inf
    model_value: float | None = None
    infeasible: bool = False
    doubt: str = ""
    method: str = ""
    scope: str = ""
    nodes: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def empty(self) -> bool:
        """Whether no decision is known yet."""
        return self.values is None

    def proven(self, gap: float) -> bool:
        """Whether the decision is within the gap of the bound."""
        if self.empty:
            return False
        return self.value <= self.bound + max(gap, EQUAL) * abs(self.value) * (1 + EQUAL) + NIL
