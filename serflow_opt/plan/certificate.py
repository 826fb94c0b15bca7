"""Why an answer can be trusted, in one form for all."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from pydantic import Field

from serflow_opt.ground.document import Document


class Certificate(Document):
    """Why the answer can be trusted."""

    exact_objective: float | None = Field(description="by code that shares nothing with the model")
    max_constraint_violation: float | None = Field(
        default=None, description="largest relative breach of a limit by exact evaluation"
    )
    model_objective: float | None = Field(default=None, description="the model's own value of the plan")
    method: str
    scope: str = Field(default="", description="what the proof is of, where that is narrower than the question")
    checked_bound: float | None = Field(
        default=None,
        description="no plan is better whatever a solver says: by multipliers in arithmetic whose rounding is counted, "
        "Lagrangian bounds and labels; the rest of `bound` is the solver's word",
    )
    optimised: bool = Field(default=True, description="false: a given plan was only valued")
    nodes: int = 0
    refinements: int | None = Field(default=None, description="rounds of cutting the ranges of sizes and noise")
    placements: int | None = Field(default=None, description="placements there are, when bounds ruled some out")
    placements_kept: int | None = Field(default=None, description="those the bounds could not rule out")
    placements_labelled: int | None = Field(default=None, description="those whose thresholds labels were set for")
    labels: int | None = Field(default=None, description="labels and prefixes that were kept for that")
    counts: dict[str, int] = Field(default={}, description="what else was counted, in the words of the method")


def largest_breach(answers: Iterable[Certified]) -> float | None:
    """Return the largest relative breach of a limit among answers; None without any."""
    return max((own.certificate.max_constraint_violation or 0.0 for own in answers), default=None)


class Certified(Protocol):
    """An answer that says why it can be trusted."""

    @property
    def certificate(self) -> Certificate:
        """Why."""
