"""The verb `simulate` of plans that are steps: who waits for whom is told by the family, the rest is the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from serflow_opt.families.events.result import EventsSimulated, Scatter, SimulatedPart, each_run, simulated_plan, told
from serflow_opt.families.simulated import decision_to_run
from serflow_opt.ground.display import named
from serflow_opt.ground.stopping import stoppable

if TYPE_CHECKING:
    from serflow_opt.families.answer import Solution
    from serflow_opt.families.events.graph import Steps
    from serflow_opt.families.events.run import Ran
    from serflow_opt.families.protocol import Question
    from serflow_opt.ground.arrays import Floats

STARTS = 0
"""The part of every plan whose steps do not scatter."""


class SteppedPlan(Protocol):
    """A plan as steps, made of a family's data and a decision; a family names it as its own `steps`.

    Attributes
    ----------
    steps
        As a graph; those of part `STARTS` stay as stated.
    planned
        Seconds and USD that the plan promises.
    parts
        Names of parts of the plan, and the seconds that it promises for each.
    """

    steps: Steps
    planned: tuple[float, float]
    parts: Sequence[tuple[str, float]]

    def usd(self, ran: Ran, seconds: Floats) -> float:
        """Return what a run costs."""

    def part_seconds(self, ran: Ran, seconds: Floats) -> Floats:
        """Return the seconds of each part in a run."""


@stoppable()
def simulate(
    problem: Question,
    plan: Solution | Mapping[str, Any] | None = None,
    *,
    runs: int | None = None,
    seed: int = 0,
    times: str = "fixed",
    cv: float = 0.5,
    on_progress: Callable[[str], None] | None = None,
) -> EventsSimulated:
    """Run a job or a workflow by a plan.

    Parameters
    ----------
    problem
        Of a kind whose plans are steps.
    plan
        An answer, or its document; None: the best there is.
    runs, seed
        Where times scatter: how many runs; of all that is drawn.
    times, cv
        fixed, lognormal or pareto; coefficient of variation of each step of each worker. Starts stay as stated.
    on_progress
        Called with what is being done.

    Raises
    ------
    InputError
        For arguments that are none, and for a plan that does not fit.
    """
    from serflow_opt.families.registry import family_of

    decision = decision_to_run(problem, plan, on_progress)
    made: SteppedPlan = named(family_of(problem).own["steps"])(problem.data, decision)
    scatter = Scatter(runs, seed, times, cv, len(made.steps.seconds))
    told(on_progress, "simulating")
    ended, paid, parts = [], [], np.zeros(len(made.parts))
    for seconds, ran in each_run(made.steps, scatter, STARTS):
        ended.append(ran.time)
        paid.append(made.usd(ran, seconds))
        parts += made.part_seconds(ran, seconds)
    both = zip(made.parts, (parts / scatter.runs).tolist(), strict=True)
    rows = [SimulatedPart(name=name, planned=own, simulated=seen) for (name, own), seen in both if own or seen]
    return simulated_plan(problem, decision, scatter, made.planned, (ended, paid), parts=rows)
