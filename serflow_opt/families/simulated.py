"""What simulations of plans share: the plan they run, and figures beside what it promises."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from pydantic import Field

from serflow_opt.families.answer import Solution
from serflow_opt.ground.arguments import Arguments
from serflow_opt.ground.document import Answer, Document

if TYPE_CHECKING:
    from serflow_opt.families.protocol import Question


class SimulatedFigure(Document):
    """A figure of the plan, what it is on average where chance plays a part, and what came out."""

    name: str
    unit: str
    planned: float = Field(description="what the plan promises")
    expected: float = Field(description="on average, by the chances of being drawn, late and gone")
    simulated: float
    off: float = Field(description="simulated beside expected, relative")


class SimulatedAnswer(Answer):
    """What came out of running a plan, its figures beside those that the plan promises."""

    if TYPE_CHECKING:  # each document has them in its own order
        instance: str
        figures: list[SimulatedFigure]

    def _ran(self) -> str:
        """Say what was run, and how often."""
        raise NotImplementedError

    def _said(self) -> str:
        worst = max((abs(own.off) for own in self.figures), default=0.0)
        return f"{self._ran()} of {self.instance}: at most {worst:.2%} off"


def beside(name: str, unit: str, planned: float, expected: float, simulated: float) -> SimulatedFigure:
    """Return a figure; the arguments as `SimulatedFigure` has them.

    Parameters
    ----------
    name, unit, planned, expected, simulated
        As `SimulatedFigure` has them.
    """
    off = simulated / expected - 1 if expected else 0.0
    return SimulatedFigure(name=name, unit=unit, planned=planned, expected=expected, simulated=simulated, off=off)


def decision_to_run(
    problem: Question, plan: Solution | Mapping[str, Any] | None, on_progress: Callable[[str], None] | None
) -> Any:
    """Return what is decided: that of an answer or of its document; without one, of the best answer.

    Parameters
    ----------
    problem, plan, on_progress
        As the verb `simulate` takes them.

    Raises
    ------
    InputError
        Where there is no plan, and for a plan that does not fit.
    """
    from serflow_opt.families.registry import family_of
    from serflow_opt.families.solve import solve

    if plan is None:
        if on_progress:
            on_progress("solving")
        plan = solve(problem)
    document = plan.plan if isinstance(plan, Solution) else plan
    with Arguments() as given:
        if document is None:
            given.misfit("plan", "there is none", "loosen the limits: solve says which clash")
    assert document is not None
    inner = document.get("plan")
    return family_of(problem).decision_of(problem, inner if isinstance(inner, Mapping) else document)
