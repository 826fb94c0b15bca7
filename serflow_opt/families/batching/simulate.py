"""Groups under traffic, request by request: queues, timers, batches and calls; the plan's check.

A group has one queue. A request of an application is there for its timer at most: the batch leaves when the first of
these ends, or when it is full, whichever is sooner. Calls begin at once, each on a function of its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field

from serflow_opt.families.batching.evaluate import value_group
from serflow_opt.families.batching.problem import Batching, Group, Plan
from serflow_opt.families.simulated import SimulatedAnswer, SimulatedFigure, beside, decision_to_run
from serflow_opt.ground.arguments import Arguments
from serflow_opt.ground.document import Document
from serflow_opt.ground.stopping import stoppable
from serflow_opt.ground.tolerances import TOLERANCE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from serflow_opt.families.answer import Solution
    from serflow_opt.families.protocol import Question

REQUESTS = 100_000
"""That come, of all applications together, where it is not said how many."""
MOST = 10_000_000


class SimulatedApplication(Document):
    """What requests of an application waited and took, ms, beside what they are promised."""

    application: str
    target_ms: float
    promised_ms: float
    longest_ms: float = Field(description="longest wait, and the longest time of such a call")
    mean_ms: float = Field(description="mean wait, and the mean time of such a call")
    late: float = Field(description="share beyond the target")


class BatchingSimulated(SimulatedAnswer):
    """Simulated groups beside their plan, as `simulate --json` prints it."""

    kind: str
    instance: str
    requests: int
    arrivals: str
    figures: list[SimulatedFigure]
    applications: list[SimulatedApplication]
    plan: dict[str, Any]

    def _ran(self) -> str:
        return f"{self.requests:,} requests"


@dataclass(frozen=True, slots=True)
class GroupRun:
    """What was seen of a group: USD and seconds of all calls, and when its requests came, left, and how many went."""

    usd: float
    busy_s: float
    batches: int
    who: NDArray[np.int64]
    waits_s: NDArray[np.float64]
    together: NDArray[np.int64]


@stoppable()
def simulate(
    problem: Question,
    plan: Solution | Mapping[str, Any] | None = None,
    *,
    requests: int = REQUESTS,
    seed: int = 0,
    on_progress: Callable[[str], None] | None = None,
) -> BatchingSimulated:
    """Send requests through the groups of a plan.

    Parameters
    ----------
    problem
        Of kind batching. Where its arrivals are random they are Poisson, else evenly spaced, each application's by
        itself.
    plan
        An answer, or its document; None: the best there is.
    requests
        How many come, of all applications together.
    seed
        Of the moments.
    on_progress
        Called with what is being done.

    Raises
    ------
    InputError
        For arguments that are none, and for a plan that does not fit.
    """
    from serflow_opt.families.registry import family_of

    family = family_of(problem)
    with Arguments() as given:
        requests, seed = given.whole("requests", requests, 1), given.whole("seed", seed)
        if requests > MOST:
            given.misfit("requests", f"{requests:,}", f"at most {MOST:,}")
    decision: Plan = decision_to_run(problem, plan, on_progress)
    if on_progress:
        on_progress("simulating")
    data: Batching = problem.data
    seconds = requests / data.rate
    rng = np.random.default_rng(seed)
    runs = [run(data, group, seconds, rng) for group in decision]
    values = family.evaluate(problem, decision).values
    count = sum(len(own.who) for own in runs)
    shown = {own.name: own for own in family.quantities}
    found = {
        "cost": math.fsum(own.usd for own in runs) / max(count, 1),
        "calls": math.fsum(own.busy_s for own in runs) / seconds,
    }
    figures = [
        beside(name, shown[name].shown_unit or shown[name].unit, *(shown[name].shown * v for v in each))
        for name, each in ((own, (values[own], values[own], found[own])) for own in found)
    ]
    for group, own in zip(decision, runs, strict=True):
        names = ", ".join(data.applications[w].name for w in group.applications)
        mean = value_group(data, group).mean_batch
        figures.append(beside(f"batch of {names}", "requests", mean, mean, len(own.who) / max(own.batches, 1)))
    return BatchingSimulated(
        kind=problem.kind,
        instance=problem.name,
        requests=count,
        arrivals=data.arrivals,
        figures=figures,
        applications=[
            row for group, own in zip(decision, runs, strict=True) for row in _applications(data, group, own)
        ],
        plan=family.document_of(problem, decision),
    )


def run(problem: Batching, group: Group, seconds: float, rng: np.random.Generator) -> GroupRun:
    """Send the requests of a group through its queue.

    Parameters
    ----------
    problem, group
        A group of its applications.
    seconds
        For how long requests come; the last batch is waited for.
    rng
        Draws when they come.
    """
    times, who = _moments(problem, group, seconds, rng)
    kind = problem.functions[group.function]
    most = kind.batches[group.batch]
    ends = times + np.array(group.timers_s)[who]  # when each would have to leave
    sizes, closings = _batches(times.tolist(), ends.tolist(), most)
    together = np.repeat(sizes, sizes)
    left = np.repeat(closings, sizes)
    runs_as = np.searchsorted(kind.batches, sizes)  # the next batch that is offered
    price = kind.usd_per_s[group.size, group.batch]
    usd = price * kind.billed_s[group.size, runs_as].sum() + kind.usd_per_call * len(sizes)
    busy = float(kind.mean_s[group.size, runs_as].sum())
    return GroupRun(float(usd), busy, len(sizes), who, left - times, together)


def _moments(
    problem: Batching, group: Group, seconds: float, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """When requests of a group come, rising, and the position in it of the application of each."""
    parts = []
    for w in group.applications:
        rate = problem.applications[w].rate
        if problem.arrivals == "random":
            parts.append(rng.random(rng.poisson(rate * seconds)) * seconds)
        else:
            parts.append(np.asarray((np.arange(math.floor(rate * seconds)) + rng.random()) / rate, dtype=np.float64))
    times = np.concatenate(parts)
    who = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    order = np.argsort(times, kind="stable")
    return times[order], who[order]


def _batches(times: list[float], ends: list[float], most: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Requests of each batch, and when it leaves."""
    sizes, closings = list[int](), list[float]()
    count, least = 0, math.inf
    for time, end in zip(times, ends, strict=True):
        if count and time > least:
            sizes.append(count)
            closings.append(least)
            count, least = 0, math.inf
        count, least = count + 1, min(least, end)
        if count == most:
            sizes.append(count)
            closings.append(time)
            count, least = 0, math.inf
    if count:
        sizes.append(count)
        closings.append(least)
    return np.array(sizes, dtype=np.int64), np.array(closings)


def _applications(problem: Batching, group: Group, own: GroupRun) -> list[SimulatedApplication]:
    kind, rows = problem.functions[group.function], []
    as_batch = np.searchsorted(kind.batches, own.together)
    longest = np.maximum.accumulate(kind.longest_s[group.size])[as_batch] + own.waits_s
    mean = kind.mean_s[group.size, as_batch] + own.waits_s
    promised = value_group(problem, group).promised_s
    for k, w in enumerate(group.applications):
        app, mine = problem.applications[w], own.who == k
        rows.append(
            SimulatedApplication(
                application=app.name,
                target_ms=app.slo_s * 1000,
                promised_ms=promised[k] * 1000,
                longest_ms=float(longest[mine].max(initial=0.0)) * 1000,
                mean_ms=float(mean[mine].mean()) * 1000 if mine.any() else 0.0,
                late=float((longest[mine] > app.slo_s * (1 + TOLERANCE)).mean()) if mine.any() else 0.0,
            )
        )
    return rows
