"""The cheapest schedule over a trace that is known in advance: what no policy that learns as it goes can beat.

Demand is a fluid: requests come evenly within each period of the trace, and each is served at the moment it comes, by
a usable machine, at its mean rate, or by the function, at its mean cost. Queues, cold starts of functions, their limits
of concurrency, and fees of hand-overs are left out; batches are as full as is best, and follow each other; a policy
that lets requests wait is bounded only as far as waiting does not carry them over a peak. Machines are ordered and
stopped at multiples of a step, all at the latest at the end of the trace, and are rented from the order on. Blocks have
their demands whatever serves them, so each is scheduled for itself.

A block without a function has no other way than machines, so these may be ordered before second 0, though no earlier
than they must be to serve then; that is billed. Machines of other blocks are first ordered at second 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from serflow_opt.errors import InputError, Problem
from serflow_opt.ground.arguments import as_number, shown
from serflow_opt.ground.deadline import Deadline, OutOfTime
from serflow_opt.ground.stopping import stoppable
from serflow_opt.ground.tolerances import MOMENT, ROUNDING
from serflow_opt.traffic.batches.even import FULL, one_by_one_as_full
from serflow_opt.traffic.demand.trace import Trace
from serflow_opt.traffic.given import service_of, trace_of
from serflow_opt.traffic.schedule.dominance import dominated
from serflow_opt.traffic.schedule.emitted import evaluate_emitted
from serflow_opt.traffic.schedule.evaluate import evaluate_block, evaluate_schedule, served_per_s
from serflow_opt.traffic.schedule.levels import Demand, fewer, moments
from serflow_opt.traffic.schedule.result import BlockSchedule, CarbonAnswer, Schedule
from serflow_opt.traffic.schedule.rough import best_of_all, coarser
from serflow_opt.traffic.schedule.task import BlockTask, Plan, improve
from serflow_opt.traffic.service import Service

if TYPE_CHECKING:
    from serflow_opt.backend.running import Progress
    from serflow_opt.traffic.schedule.clean import CarbonTerms

__all__ = ["evaluate_schedule", "schedule"]


MANY = 10_000
"""Moments of decision from which on types are not tried one by one first."""
MOST_STEPS = 2_000_000
"""Moments of decision; a second each are 23 days."""


@stoppable()
def schedule(
    service: Service,
    trace: Trace | str | Path,
    *,
    step_s: float = 60.0,
    utilisation_cap: float = 1.0,
    gap: float = 1e-3,
    time_limit: float | Deadline | None = None,
    carbon: CarbonTerms | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> Schedule:
    """Find the cheapest machines and functions for a trace, or the cleanest.

    Parameters
    ----------
    step_s
        Seconds between decisions.
    utilisation_cap
        Share of a machine's rate that is used.
    gap
        Relative gap at which a schedule counts as optimal.
    time_limit
        Seconds; None: none. The simplest schedule and a bound are made whatever it says.
    carbon
        What is asked of carbon, and which requests may wait; None: money, as requests come.
    on_progress
        Called with the sums over blocks, whenever a block has a better schedule or bound.

    Raises
    ------
    InputError
        When a parameter makes no sense, a block without a function cannot be served by its machines, or no schedule
        keeps a limit on carbon.
    OutOfTime
        Where carbon counts, when nothing was found in time.
    """
    given, trace = service_of(service), trace_of(trace)
    service = one_by_one_as_full(given)
    _check(step_s, utilisation_cap, gap, time_limit, trace)
    deadline = Deadline.of(time_limit)
    tasks = [_task(service, b, trace, step_s, utilisation_cap) for b in range(len(service.blocks))]
    problems = [problem for task in tasks for problem in _unservable(task)]
    if problems:
        raise InputError(problems)

    def report(improved: bool) -> None:
        if on_progress is not None:
            from serflow_opt.backend.running import Progress

            usd, bound = math.fsum(task.usd for task in tasks), math.fsum(task.bound for task in tasks)
            on_progress(Progress(deadline.seconds, usd if math.isfinite(usd) else None, bound, improved))

    if carbon is not None and carbon.asked:
        return _clean(given, service, trace, carbon, step_s, utilisation_cap, gap, deadline, on_progress)
    for task in tasks:
        _simplest(task)
    try:
        for task in tasks:
            _first(task, deadline)
            report(True)
        _prove(tasks, gap, deadline, report)
    except OutOfTime:
        pass  # every block has a schedule and a bound
    blocks = tuple(_block(task) for task in tasks)
    usd, bound = math.fsum(block.usd for block in blocks), math.fsum(block.bound for block in blocks)
    return Schedule(
        service,
        trace,
        step_s,
        utilisation_cap,
        "optimal" if usd - bound <= (gap + ROUNDING) * usd else "feasible",
        blocks,
        deadline.seconds,
        "" if service is given else FULL,
    )


def _clean(
    given: Service,
    service: Service,
    trace: Trace,
    terms: CarbonTerms,
    step_s: float,
    cap: float,
    gap: float,
    deadline: Deadline,
    on_progress: Callable[[Progress], None] | None,
) -> Schedule:
    """The schedule where carbon counts, or requests may wait."""
    from serflow_opt.traffic.schedule.clean import check_terms, clean_schedule

    check_terms(service, trace, terms)

    def tell(value: float, bound: float) -> None:
        if on_progress is not None:
            from serflow_opt.backend.running import Progress

            on_progress(Progress(deadline.seconds, value, bound, True))

    found = clean_schedule(service, trace, terms, step_s=step_s, cap=cap, gap=gap, deadline=deadline, tell=tell)
    blocks = tuple(
        BlockSchedule(
            own.task.b,
            own.task.rentals,
            own.emitted.usd,
            0.0,
            own.emitted.usd_machines,
            own.emitted.usd_functions,
            own.emitted.function_requests,
            " + ".join(own.task.how),
            dict(own.task.dropped),
            carbon_g=own.emitted.grams if service.counts_carbon else {},
        )
        for own in found.blocks
    )
    waiting = terms.waiting
    asked = CarbonAnswer(
        terms.least,
        terms.usd_per_tonne,
        terms.max_g,
        0.0 if waiting is None else waiting.share,
        0.0 if waiting is None else waiting.most_s,
        found.value,
        found.bound,
        found.checked,
        found.price,
        found.served,
    )
    proven = found.value - found.bound <= (gap + ROUNDING) * found.value
    status: Literal["optimal", "feasible"] = "optimal" if proven else "feasible"
    alone = "" if service is given else FULL
    return Schedule(service, trace, step_s, cap, status, blocks, deadline.seconds, alone, asked)


def _check(
    step_s: float, utilisation_cap: float, gap: float, time_limit: float | Deadline | None, trace: Trace
) -> None:
    """Raise InputError with the parameters that make no sense."""
    problems = []
    if not (step_s > 0 and math.isfinite(step_s)):
        problems.append(Problem("", "step_s", f"{step_s}", "write seconds, more than 0"))
    elif trace.seconds > MOST_STEPS * step_s:
        found = f"{step_s:g}, and a trace of {trace.seconds:,.10g} s"
        problems.append(Problem("", "step_s", found, f"write at least {trace.seconds / MOST_STEPS:g}, or take a part"))
    if not 0 < utilisation_cap <= 1:
        problems.append(
            Problem("", "utilisation_cap", f"{utilisation_cap}", "write a share, more than 0 and at most 1")
        )
    if not gap >= 0:
        problems.append(Problem("", "gap", f"{gap}", "write 0 or more"))
    if time_limit is not None and not isinstance(time_limit, Deadline) and not as_number(time_limit) >= 0:
        problems.append(Problem("", "time_limit", shown(time_limit), "write seconds, or None"))
    if problems:
        raise InputError(problems)


def _task(service: Service, b: int, trace: Trace, step_s: float, cap: float) -> BlockTask:
    """What there is to do for a block."""
    edges = np.arange(len(trace.counts) + 1) * trace.period_s
    rates = trace.counts * (service.reach(b) / trace.period_s)
    demand = Demand(np.asarray(edges, dtype=float), np.asarray(rates, dtype=float))
    price = service.function_usd(b)
    served = {
        machine.name: min(served_per_s(service, b, machine, cap), max(demand.peak, 1.0))
        for machine in service.blocks[b].machines
    }
    dropped = dominated(service.blocks[b].machines, served)
    kept = tuple(machine for machine in service.blocks[b].machines if machine.name not in dropped)
    early = [machine.start_s for machine in kept] if not math.isfinite(price) else []
    at = moments(trace.seconds, step_s, early)
    if all(own.machines_max is None or not own.start_s for own in kept):  # else an order may have to wait for a stop
        at = fewer(at, step_s, demand, [own.start_s for own in kept], [own.billing_min_s for own in kept])
    return BlockTask(
        service, b, trace, cap, demand, at, price, kept, tuple(served[machine.name] for machine in kept), dropped
    )


def _unservable(task: BlockTask) -> list[Problem]:
    """What keeps the machines of a block without a function from serving it."""
    if not task.must or not task.demand.peak:
        return []
    place = f"block {task.b + 1}"
    if not task.machines:
        return [Problem("", place, "neither machines nor a function", "give it one of them")]
    if any(machine.machines_max is None for machine in task.machines):
        return []
    most = sum((machine.machines_max or 0) * rate for machine, rate in zip(task.machines, task.rates, strict=True))
    if most >= task.demand.peak * (1 - ROUNDING):
        return []
    found = f"no function, up to {task.demand.peak:g} requests/s, and all machines together serve {most:g}"
    return [Problem("", place, found, "raise machines_max, or give it a function")]


def _simplest(task: BlockTask) -> None:
    """The function alone, or machines for the peak all the time; and what a fluid of machines costs."""
    cheap = sorted(range(len(task.machines)), key=lambda p: task.machines[p].usd_per_s / task.rates[p])
    counts, left = [0] * len(task.machines), task.demand.peak if task.must else 0.0
    for p in cheap:
        most, rate = task.machines[p].machines_max, task.rates[p]
        needed = max(0, math.ceil(left / rate * (1 - ROUNDING)))
        counts[p] = needed if most is None else min(needed, most)
        left -= counts[p] * rate
    end = float(task.at[-1])
    begins = [float(task.at[task.at >= -machine.start_s - MOMENT][0]) for machine in task.machines]
    task.offer(tuple(((begin, end),) * count for begin, count in zip(begins, counts, strict=True)))
    task.raise_bound(_fluid(task))


def _first(task: BlockTask, deadline: Deadline) -> None:
    """The best that types reach alone or in turn, and a better bound."""
    kinds = range(len(task.machines))
    nothing: Plan = tuple(() for _ in kinds)
    whole = 0.0 if task.must else task.usd_per_request * task.demand.requests
    if not task.demand.peak or not task.machines:
        task.raise_bound(task.usd)
        task.how.append("functions alone" if task.demand.peak else "no demand")
        return
    task.how.append("slices + dominance" if task.dropped else "slices")
    if len(kinds) > 1 and len(task.at) > MANY:
        task.raise_bound(best_of_all(task, deadline))
        return
    starts: list[Plan] = []
    for p in kinds:
        best = task.levels(p, task.demand, deadline=deadline)
        plan = (*nothing[:p], tuple(best.rentals), *nothing[p + 1 :])
        task.offer(plan)
        starts.append(plan)
        if len(kinds) == 1:
            bound = best.usd if best.exact else task.levels(p, task.demand, billing=False, deadline=deadline).usd
            task.raise_bound(whole + bound)
    if len(kinds) > 1:
        cheap = sorted(kinds, key=lambda p: task.machines[p].usd_per_s / task.rates[p])
        for p in kinds:
            if task.must or starts[p] == task.plan:
                improve(task, starts[p], [q for q in cheap if q != p], deadline)


def _prove(tasks: list[BlockTask], gap: float, deadline: Deadline, report: Callable[[bool], None]) -> None:
    """Work on the block that misses most, until all together are within the gap."""
    open_tasks = [task for task in tasks if task.usd > task.bound]
    provers: dict[int, Iterator[bool]] = {}
    improved: bool | None = None
    while open_tasks and not deadline.expired:
        usd, bound = math.fsum(task.usd for task in tasks), math.fsum(task.bound for task in tasks)
        if usd - bound <= gap * usd:
            return
        if improved is not False:  # a block keeps its turn until it may have a better schedule
            task = max(open_tasks, key=lambda task: task.usd - task.bound)
        if task.b not in provers:
            provers[task.b] = _prover(task, gap, len(tasks) - len(provers), deadline)
        improved = next(provers[task.b], None)
        if improved is None or task.usd <= task.bound:
            open_tasks.remove(task)
            improved = None
        else:
            report(improved)


def _prover(task: BlockTask, gap: float, blocks: int, deadline: Deadline) -> Iterator[bool]:
    """Work on a block: its mixes of types, and what these leave open by the time-expanded model."""
    model: Iterator[bool] | None = None
    if len(task.machines) > 1:
        from serflow_opt.traffic.schedule.mixing import coarse, mix

        if len(task.at) > MANY:
            yield from coarser(task, gap, blocks, deadline)
        elif not coarse(task):  # capacities are nearly continuous: the relaxation is as close, and sooner there
            from serflow_opt.traffic.schedule.model import prove, relaxed  # loads Pyomo

            model = prove(task, gap, deadline)
            yield from relaxed(model)
        if task.usd - task.bound > gap * task.usd:
            yield from mix(task, gap, blocks, deadline)
    if task.usd - task.bound > gap * task.usd:
        from serflow_opt.traffic.schedule.model import prove

        yield from model or prove(task, gap, deadline)


def _fluid(task: BlockTask) -> float:
    """What the requests would cost if machines came in any size, at once and by the second."""
    cheapest = [machine.usd_per_s / rate for machine, rate in zip(task.machines, task.rates, strict=True)]
    price = min([*cheapest, task.usd_per_request], default=0.0)
    return task.demand.requests * price if math.isfinite(price) else 0.0


def _block(task: BlockTask) -> BlockSchedule:
    """The result of a block."""
    rentals = task.rentals(task.plan)
    value = evaluate_block(task.service, task.b, task.trace, rentals, utilisation_cap=task.cap)
    method = " + ".join(task.how)
    counted = task.service.counts_carbon
    own = evaluate_emitted(task.service, task.b, task.demand, rentals, utilisation_cap=task.cap) if counted else None
    return BlockSchedule(
        task.b,
        rentals,
        value.usd,
        min(task.bound, value.usd),
        value.usd_machines,
        value.usd_functions,
        value.function_requests,
        method,
        dict(task.dropped),
        min(task.checked, value.usd),
        {} if own is None else own.grams,
    )
