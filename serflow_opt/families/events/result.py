"""What a simulation of tasks, rounds or phases says: the plan's figures beside what came out, and who did it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field

from serflow_opt.families.events.run import Ran, enough, run
from serflow_opt.families.simulated import SimulatedAnswer, SimulatedFigure, beside
from serflow_opt.ground.arguments import Arguments
from serflow_opt.ground.document import Document
from serflow_opt.traffic.simulate.service_times import LAWS, Law

if TYPE_CHECKING:
    from serflow_opt.families.events.graph import Steps
    from serflow_opt.families.protocol import Question
    from serflow_opt.ground.arrays import Floats

RUNS = 50
"""Simulated where times scatter and it is not said how many."""
MOST_STEPS = 4_000_000
"""Of all runs together."""


class SimulatedPart(Document):
    """A part of the plan: of a job where time goes, of a workflow a phase and when it ends."""

    name: str
    planned: float = Field(description="s")
    simulated: float = Field(description="s, mean of all runs; of a job on the path that ends last")


class StaffRow(Document):
    """A way to have workers over time."""

    name: str
    words: str
    time_s: float
    most: int = Field(description="workers at once")
    worker_s: float = Field(description="of all workers, from their orders until they left")
    busy: float = Field(description="share of these that tasks take")
    usd: float = Field(description="of workers that are paid from their order until they leave")
    bound_worker_s: float = Field(description="no way takes less that is done as soon: the fluid bound")
    at_work: dict[str, list[float]] = Field(description="s: moments; workers: there from then on")

    @property
    def over(self) -> float:
        """How much more than the bound, relative."""
        return self.worker_s / self.bound_worker_s - 1


class EventsSimulated(SimulatedAnswer):
    """A simulated graph, job or workflow beside its plan, as `simulate --json` prints it."""

    kind: str
    instance: str
    runs: int
    steps: int = Field(description="of a run")
    seed: int
    times: str
    figures: list[SimulatedFigure]
    longest_s: float = Field(description="of all runs")
    parts: list[SimulatedPart] = Field(default=[], description="of a job where time goes, of a workflow its phases")
    staffs: list[StaffRow] = Field(default=[], description="of a graph, ways to have workers over time")
    notes: list[str] = Field(default=[])
    plan: dict[str, Any]

    def _ran(self) -> str:
        return f"{self.runs} runs"


class Scatter:
    """Times of steps, run by run; the first run of fixed times is the only one.

    Raises
    ------
    InputError
        For arguments that are none, and for more steps than can be simulated.
    """

    def __init__(self, runs: int | None, seed: int, times: str, cv: float, steps: int) -> None:
        with Arguments() as given:
            runs = given.whole("runs", RUNS if runs is None else runs, 1)
            self.seed = given.whole("seed", seed)
            given.one_of("times", times, LAWS)
            cv = given.number("cv", cv)
        self.law, self.steps = Law.of(times, cv), steps
        self.runs = runs if self.law.scatters else 1
        with Arguments() as given:
            if steps * self.runs > MOST_STEPS and self.runs > 1:
                most = max(MOST_STEPS // steps, 1)
                given.misfit("runs", f"{runs}: {steps * runs:,} steps", f"at most {most}, of {MOST_STEPS:,} steps")
        self._draw = np.random.default_rng(seed)

    def seconds(self, stated: Sequence[float] | Floats, stay: Sequence[bool] | None = None) -> Floats:
        """Return the seconds of a run.

        Parameters
        ----------
        stated
            As the plan has them.
        stay
            Which of them do not scatter; None: all do.
        """
        known = np.asarray(stated, dtype=float)
        if not self.law.scatters:
            return known
        factors = self.law.quantiles(self._draw.random(len(known)), np.array([self.law.cv]))[:, 0]
        scattered: Floats = known * (factors if stay is None else np.where(stay, 1.0, factors))
        return scattered


def each_run(steps: Steps, scatter: Scatter, still: int) -> Iterator[tuple[Floats, Ran]]:
    """Yield the seconds of all steps and what came of them, run by run, where nobody waits for a worker.

    Parameters
    ----------
    steps, scatter
        What there is to do, and how its times are drawn.
    still
        The part of the plan whose steps do not scatter.
    """
    tasks, staff = steps.activities(), enough(len(steps.seconds))
    stay = [part == still for part in steps.part]
    for _ in range(scatter.runs):
        seconds = scatter.seconds(steps.seconds, stay)
        yield seconds, run(tasks, seconds, staff)


def told(on_progress: Callable[[str], None] | None, what: str) -> None:
    """Say what is being done, where somebody listens."""
    if on_progress is not None:
        on_progress(what)


def simulated_plan(
    problem: Question,
    decision: Any,
    scatter: Scatter,
    planned: tuple[float, float],
    runs: tuple[Sequence[float], Sequence[float]],
    **further: Any,
) -> EventsSimulated:
    """Return what came out beside the plan.

    Parameters
    ----------
    problem, decision
        What was run.
    scatter
        How its times were drawn.
    planned, runs
        Seconds and USD that the plan promises, and those of each run.
    further
        Other fields: parts, staffs, notes.
    """
    from serflow_opt.families.registry import family_of

    figures = zip(("time", "cost"), ("s", "USD"), planned, runs, strict=True)
    return EventsSimulated(
        kind=problem.kind,
        instance=problem.name,
        runs=scatter.runs,
        steps=scatter.steps,
        seed=scatter.seed,
        times=str(scatter.law),
        figures=[beside(name, unit, own, own, float(np.mean(seen))) for name, unit, own, seen in figures],
        longest_s=max(runs[0]),
        plan=family_of(problem).document_of(problem, decision),
        **further,
    )
