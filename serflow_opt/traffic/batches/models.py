"""The model of a structure on a set of thresholds, and what it finds."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

from serflow_opt.ground.tolerances import EQUAL, TOLERANCE
from serflow_opt.search.lagrangian import LinearCost, solve_dual
from serflow_opt.traffic.batches.beside import lost_of, peakedness
from serflow_opt.traffic.batches.few import known
from serflow_opt.traffic.batches.lines import exits_of
from serflow_opt.traffic.queues.erlang import erlang_c

if TYPE_CHECKING:
    from collections.abc import Sequence

    from serflow_opt.formulations.batches import BlockRunners
    from serflow_opt.formulations.coefficients import Data
    from serflow_opt.ground.deadline import Deadline
    from serflow_opt.traffic.batches.lines import ReachLines
    from serflow_opt.traffic.batches.structures import BatchStructures
    from serflow_opt.traffic.carrying import Carrying
    from serflow_opt.traffic.provision.promise import Promise
    from serflow_opt.traffic.provision.structures import BlockChoice, Structure

MOST_COUNTS = 400
"""Numbers of machines that a model tells apart."""
HALVINGS = 50
"""Of a range of loads."""


class Limits(Protocol):
    """What a model is held to."""

    structures: BatchStructures
    promise: Promise
    carrying: Carrying
    deadline: Deadline
    rate: float
    best: float
    gap: float


@dataclass(frozen=True, slots=True)
class Modelled:
    """What is known of a model: bounds in USD/s, thresholds (None: there are none), doubts, and how often HiGHS ran."""

    bound: float
    checked: float
    levels: tuple[int, ...] | None = None
    doubt: str = ""
    solves: int = 1


def model_of(limits: Limits, lines: ReachLines, data: Data, structure: Structure) -> Modelled | None:
    """Solve the model of a structure; None: nothing in the set is cheaper than the best.

    Parameters
    ----------
    limits
        What is asked, and the best known.
    lines, data
        Of the set of thresholds.
    structure
        What runs each block.
    """
    from serflow_opt.backend.highs import HighsModel
    from serflow_opt.formulations.batches import BatchBlock, build_batches
    from serflow_opt.traffic.provision.one_set import chosen_level

    late = limits.promise.late(structure, lambda s: data.reach_low[s])
    if late is None:
        return None
    known = _every_run(limits, lines, structure)
    if known is None:
        return None
    least = _least_apart(lines, data, structure, known)
    if math.isfinite(limits.best) and least >= limits.best * (1 - limits.gap):
        return Modelled(least, least, solves=0)
    dollar = limits.best if math.isfinite(limits.best) else math.fsum(map(_least, known)) or limits.rate / 1e6
    blocks = [
        BatchBlock(choice.first + 1, (own,), choice.last + 1) for choice, own in zip(structure, known, strict=True)
    ]
    built = build_batches(data, blocks, None, late, dollar)
    outcome = HighsModel(built).solve(gap=limits.gap / 4, time_limit=limits.deadline.left_or_none)
    if outcome.status == "infeasible":
        return Modelled(math.inf, math.inf)
    bound, checked = outcome.bound * dollar, outcome.checked * dollar
    if outcome.status == "no_solution":
        return Modelled(bound, checked, doubt=outcome.doubt)
    return Modelled(bound, checked, tuple(chosen_level(data, built, outcome, s) for s in data.stages))


def least_apart(limits: Limits, lines: ReachLines, data: Data, structure: Structure) -> float:
    """Return what the blocks of a structure cost at least, USD/s, without a model; arguments as of `model_of`.

    Parameters
    ----------
    limits, lines, data, structure
        As `model_of` takes them.
    """
    known = _every_run(limits, lines, structure)
    return limits.best if known is None else _least_apart(lines, data, structure, known)


def _every_run(limits: Limits, lines: ReachLines, structure: Structure) -> list[BlockRunners] | None:
    """Return what a model has of each block; None: one costs too much, or its batches cannot fill."""
    found = []
    for b in range(len(structure)):
        own = _runs(limits, lines, structure, b)
        if own is None:
            return None
        found.append(own)
    return found


def _least_apart(lines: ReachLines, data: Data, structure: Structure, runs: Sequence[BlockRunners]) -> float:
    """Return what blocks cost at least, each at the thresholds it likes best: whole machines, with their waits.

    Work and calls are those of lines below, and fewer machines than these carry no more than their caps.
    """
    rows = [lines.work(choice) for choice in structure] + [lines.usd(choice) for choice in structure]
    view = LinearCost(np.zeros(len(rows)), np.array(rows))
    found = solve_dual(exits_of(data), data.instance.accuracy_min, view).bound * (1 - EQUAL)
    work, usd = found[: len(structure)], found[len(structure) :]
    total = math.fsum(usd.tolist())
    for own, least in zip(runs, work.tolist(), strict=True):
        if own.calls:
            each = _least_call(own)
            total += min(
                own.rent * n + each * max(0.0, least - cap) for n, cap in zip(own.counts, own.caps, strict=True)
            )
        elif own.counts:
            total += own.rent * next((n for n, cap in zip(own.counts, own.caps, strict=True) if cap >= least), math.inf)
    return total


def _least_call(own: BlockRunners) -> float:
    """Return the least that calls cost which take a machine's second off, USD/s of a second a request."""
    return min((own.calls.get(s, 0.0) / t for s, t in own.work.items() if t > 0), default=0.0)


def _least(own: BlockRunners) -> float:
    return own.rent * min(own.counts, default=0)


def _runs(limits: Limits, lines: ReachLines, structure: Structure, b: int) -> BlockRunners | None:
    """Return what a model has of a block; None: it costs too much, or its batches cannot fill."""
    from serflow_opt.formulations.batches import BlockRunners

    choice = structure[b]
    fill = lines.fill(choice)
    if fill > lines.high(choice.first) * (1 + TOLERANCE):
        return None
    fill = 0.0 if fill <= lines.low(choice.first) else fill
    work = {s + 1: float(t) for s, t in enumerate(lines.work(choice)) if t}
    usd = {s + 1: float(u) for s, u in enumerate(lines.usd(choice)) if u}
    if choice.machine is None:
        return BlockRunners({}, usd, fill=fill)
    option = limits.structures.option(choice.machine)
    high = {s: lines.high(s - 1) for s in work}
    most = limits.rate * math.fsum(max(0.0, t) * high[s] for s, t in work.items())
    rent = option.rent_per_s
    if choice.function is not None:
        return _beside(limits, lines, choice, BlockRunners(work, usd, rent, fill=fill), most)
    ends = _ends(limits, lines, structure, b)
    counts, caps = list[int](), list[float]()
    limit = limits.structures.instance.tiers[option.tier].scaling.machines_max
    for count in range(1, MOST_COUNTS + 1):
        last = count in (MOST_COUNTS, limit)
        if rent * count >= limits.best and counts:
            break
        cap = _cap(limits, lines, choice, count * option.workers, ends)
        counts.append(count)
        caps.append((math.inf if count == MOST_COUNTS and limit is None else cap) / limits.rate)
        if last or cap >= most * (1 + TOLERANCE):
            break
    caps = [min(cap, most / limits.rate * 2 + 1) for cap in caps]
    return BlockRunners(work, usd, rent, tuple(counts), tuple(caps), fill)


def _beside(limits: Limits, lines: ReachLines, choice: BlockChoice, own: BlockRunners, most: float) -> BlockRunners:
    """Return machines with a function: what each number of them carries at most, and calls for what they leave.

    Machines carry the more the more is offered, and the more evenly batches come.

    Parameters
    ----------
    limits, lines
        As `model_of` takes them.
    choice
        The block.
    own
        Its work, hand-overs and rent.
    most
        Workers that all of the work keeps busy.
    """
    assert choice.machine is not None
    option = limits.structures.option(choice.machine)
    offered = lines.batches(choice) * (
        math.fsum(limits.structures.full_s(option, s, choice.batch) for s in range(choice.first, choice.last + 1))
        + choice.sending_s
    )
    even = lines.even(choice)
    z = peakedness(choice.rounds, offered, even, 0.0)
    limit = limits.structures.instance.tiers[option.tier].scaling.machines_max
    counts, caps = list[int](), list[float]()
    for count in range(1, MOST_COUNTS + 1):
        if own.rent * count >= limits.best and counts:
            break
        servers = count * option.workers
        if limits.carrying.arrivals == "random":
            room = choice.rounds * servers
            # few of them carry less of a larger load at times, and more of less even batches: there, what they can
            chain = known(servers, room, math.ulp(0.0))
            cap = min(most, float(servers)) if chain else most * (1 - lost_of(servers, room, most, even, z))
            cap *= 1 + EQUAL
        else:
            cap = limits.carrying.cap * servers
        carries_all = cap >= most * (1 - TOLERANCE) or (count == MOST_COUNTS and limit is None)
        counts.append(count)
        caps.append((most if carries_all else cap) * (1 + TOLERANCE) / limits.rate)
        if carries_all or count == limit:
            break
    calls = {s + 1: float(u) for s, u in enumerate(lines.calls(choice)) if u}
    return replace(own, counts=tuple(counts), caps=tuple(caps), calls=calls)


def _ends(limits: Limits, lines: ReachLines, structure: Structure, b: int) -> list[tuple[float, float]]:
    """Return slacks and least shares of the requests that have no more, for those who pass a block; none: no limit.

    Under a limit on the mean: its least without waits, and the least share that enters.
    """
    promise, choice = limits.promise, structure[b]
    bound = limits.structures.instance.latency_slo_s
    if limits.carrying.arrivals == "smooth" or bound is None:
        return []
    if promise.measure == "mean":
        done = limits.structures.done_s(structure)
        steps = [now - before for before, now in zip([0.0, *done], done, strict=False)]
        return [(math.fsum(lines.low(s) * step for s, step in enumerate(steps)), lines.low(choice.first))]
    done = limits.structures.done_s(structure, [0.0] * len(structure))
    if promise.measure == "worst":
        done = limits.structures.done_s(structure)
    return [(bound * (1 + TOLERANCE) - done[s], lines.low(s)) for s in range(choice.first, len(done))]


def _cap(
    limits: Limits, lines: ReachLines, choice: BlockChoice, servers: int, ends: list[tuple[float, float]]
) -> float:
    """Most workers that may be busy of some, whatever the thresholds: the cap, and waits at this block alone.

    With a load a of batches, of which at most Λ come a second, they last a / Λ seconds at least on average, and wait
    longer than t with a probability of at least C(c, a) exp(-(c - a) t Λ / a), which rises with a.
    """
    full = limits.carrying.cap * servers
    batches = lines.batches(choice)
    room = limits.promise.room * (1 + TOLERANCE)

    def kept(load: float) -> bool:
        waiting = erlang_c(servers, load)
        if limits.promise.measure == "mean":
            seconds, reach = ends[0]
            return seconds + reach * waiting * load / batches / (servers - load) <= room
        return all(
            reach * waiting * math.exp(-(servers - load) * max(0.0, slack) * batches / load) <= room
            for slack, reach in ends
        )

    if not ends or not batches > 0:
        return full
    full = min(full, servers * (1 - EQUAL))
    if kept(full):
        return full
    low, high = 0.0, full
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if kept(middle) else (low, middle)
    return high * (1 + EQUAL)
