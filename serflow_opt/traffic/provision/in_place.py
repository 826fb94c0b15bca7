"""How many machines blocks need where they stand: what the way to them takes is known, and so what they may wait.

Bounds of single blocks take the rest of a structure for as fast as any option. Where a block stands its requests have
less slack, and its machines have to be more. All structures are looked at together: those that share a block ask for
the waits of the same machines, each at its own slack.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.ground.tolerances import EQUAL, TOLERANCE
from serflow_opt.traffic.provision.structures import BlockChoice, Structure
from serflow_opt.traffic.provision.waits import ROOMS, useful_rooms

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from serflow_opt.ground.arrays import Floats
    from serflow_opt.traffic.provision.pricing import Pricing
    from serflow_opt.traffic.provision.relaxed import LeastWaits

Key = tuple[BlockChoice, tuple[float, ...]]
"""A block, wherever it stands, and shares of the ways to meet cold starts in its structure."""
Dear = dict[int, "NDArray[np.bool_]"]
"""By number of machines, in which parts of its works a block costs too much."""
PARTS = 8
"""Parts of a block's works that are looked at by themselves."""
COUNTED = 40
"""Machines up to which they are: of more each matters less."""
ALL = 10**9
"""Stands for more machines than may be."""


@dataclass(slots=True)
class _Places:
    """Where a block stands: positions of structures and of the block in them, and what they leave."""

    structures: list[int] = field(default_factory=list)
    blocks: list[int] = field(default_factory=list)
    seconds: list[Floats] = field(default_factory=list)
    rooms: list[float] = field(default_factory=list)
    left: list[float] = field(default_factory=list)
    most: list[int] = field(default_factory=list)


def fewest(pricing: Pricing, structures: Sequence[Structure], best: float) -> list[tuple[int, ...]]:
    """Return for each structure the least number of machines by block that a deployment cheaper than `best` has.

    Parameters
    ----------
    pricing
        What blocks cost.
    structures
        Those in question.
    best
        USD per second, finite.

    Returns
    -------
    list
        1 for blocks with a function and machines, 0 without machines; `ALL` where no number is few enough.
    """
    found = [[0 if choice.machine is None else 1 for choice in structure] for structure in structures]
    for (choice, shares), places in _by_block(pricing, structures, best).items():
        pricing.deadline.check()
        counts = _counts(pricing, choice, shares, places, best)
        for n, b, count in zip(places.structures, places.blocks, counts, strict=True):
            found[n][b] = count
    return [tuple(own) for own in found]


def too_dear(pricing: Pricing, structures: Sequence[Structure], best: float) -> list[dict[int, Dear]]:
    """Return for each structure where blocks cost too much with as many waiting beside functions as are in time.

    That is told without the most that may wait: as many as would be cheap enough are either in time or not.

    Parameters
    ----------
    pricing, structures, best
        As `fewest` takes them.

    Returns
    -------
    list
        By block that has both: by number of machines, for each `PARTS`-th part of its works whether it costs more than
        the other blocks leave.
    """
    found: list[dict[int, Dear]] = [{} for _ in structures]
    for (machines, shares), places in _by_block(pricing, structures, best, beside=True).items():
        whole = [structures[n][b] for n, b in zip(places.structures, places.blocks, strict=True)]
        relaxed, grid = pricing.waiting(whole[0], shares), pricing.profile(whole[0]).grid
        if relaxed is None or not math.isfinite(grid[0]):
            continue
        left, most = np.array(places.left), np.array(places.most)
        rooms, seconds = np.array(places.rooms), np.array(places.seconds)
        each = np.array([pricing.per_second(choice) for choice in whole])
        for count in range(1, min(COUNTED, int(most.max(initial=0)), pricing.most(whole[0])) + 1):
            pricing.deadline.check()
            at = np.flatnonzero(most >= count)
            spared = np.full(len(at), math.inf)
            np.divide(left[at] - pricing.rent(machines) * count, each[at], out=spared, where=each[at] > 0)
            spilled = pricing.spilled(machines, count, grid)
            dear = _parts(relaxed, count, grid, spilled, spared, seconds[at], rooms[at])
            for i, own in zip(at.tolist(), dear, strict=True):
                found[places.structures[i]].setdefault(places.blocks[i], {})[count] = own
    return found


def _parts(
    relaxed: LeastWaits, count: int, grid: Floats, spilled: Floats, spared: Floats, seconds: Floats, rooms: Floats
) -> NDArray[np.bool_]:
    """Return in which parts of a grid of works machines leave more to the function than is spared, places x parts.

    The least work of a part asks for the fewest waiting places, and makes the fewest late.
    """
    ends = np.linspace(0, len(grid) - 1, PARTS + 1).astype(int)
    dear = np.zeros((len(spared), PARTS), dtype=bool)
    for part, (begin, end) in enumerate(itertools.pairwise(ends.tolist())):
        low, high = float(grid[begin]), float(grid[end])
        needed = np.searchsorted(-spilled[:, begin], -spared * (1 + EQUAL) - EQUAL)
        useful = useful_rooms(count * relaxed.workers, relaxed.queues.peak * high) - 1
        dear[:, part] = needed == len(ROOMS)
        for n in np.unique(needed[(needed > 0) & (needed < len(ROOMS))]).tolist():
            at, room = np.flatnonzero(needed == n), ROOMS[min(n, useful)]
            if relaxed.slack is None:
                taken = np.full(len(at), relaxed.waited_s(count, room, low, high))
            else:
                taken = relaxed.taken_each(count, room, low, high, seconds[at])
            dear[at, part] = taken > rooms[at]
    return dear


def _by_block(
    pricing: Pricing, structures: Sequence[Structure], best: float, *, beside: bool = False
) -> dict[Key, _Places]:
    """Put blocks together where their machines are the same, and meet cold starts alike.

    They have machines alone, or, `beside`, functions beside them.
    """
    promise, found = pricing.promise, dict[Key, _Places]()
    bound = (pricing.instance.latency_slo_s or math.inf) * (1 + TOLERANCE)
    for n, structure in enumerate(structures):
        asked = [
            b
            for b, choice in enumerate(structure)
            if choice.machine is not None and (choice.function is not None) == beside and promise.queued(choice)
        ]
        if not asked:
            continue
        leasts = [pricing.least(choice) for choice in structure]
        shares, slack, room = tuple[float, ...](), np.zeros((0, 0)), promise.room * (1 + TOLERANCE)
        if promise.limited and promise.measure == "mean":
            room = max(0.0, room - pricing.path_s(structure) * (1 - EQUAL))
        elif promise.limited:
            ways = list(promise.waiting_ways(structure, few=True))
            shares, slack = tuple(share for share, _ in ways), bound - np.array([done for _, done in ways])
        for b in asked:
            choice = structure[b]
            left = best * (1 + TOLERANCE) - math.fsum(leasts[:b] + leasts[b + 1 :])
            machines = choice.with_machines_alone()
            places = found.setdefault((machines, shares), _Places())
            places.structures.append(n)
            places.blocks.append(b)
            places.seconds.append(slack[:, choice.first :])
            places.rooms.append(room)
            places.left.append(left)
            places.most.append(_payable(pricing.rent(choice), left))
    return found


def _payable(rent: float, left: float) -> int:
    """Most machines for what is left."""
    if left < 0:
        return 0
    return int(min(left / rent, ALL - 1)) if rent > 0 else ALL - 1


def _counts(
    pricing: Pricing, choice: BlockChoice, shares: tuple[float, ...], places: _Places, best: float
) -> list[int]:
    """Return the least number of machines at each place of a block; `ALL` where it would be more than may be."""
    sizes = pricing.sizes(choice) or ()
    peak, low = pricing.demand.peak, pricing.least_work(choice)
    high = max(low, min(pricing.profile(choice).most_work(best), pricing.most_work(choice)))
    relaxed = pricing.waiting(choice, shares)
    most, rooms = np.array(places.most), np.array(places.rooms)
    seconds = np.array(places.seconds)
    found, open_ = np.full(len(most), ALL), np.arange(len(most))
    for count in range(1, len(sizes)):
        open_ = open_[most[open_] >= count]
        if not len(open_):
            break
        full = pricing.takes(choice, count, None) / peak
        if sizes[count] < peak * low * (1 - TOLERANCE) or full < low * (1 - TOLERANCE):
            continue
        if relaxed is None:
            found[open_] = count
            break
        top = max(low, min(high, full))
        if relaxed.slack is None:
            taken = np.full(len(open_), relaxed.waited_s(count, None, low, top))
        else:
            taken = relaxed.taken_each(count, None, low, top, seconds[open_])
        kept = taken <= rooms[open_]
        found[open_[kept]] = count
        open_ = open_[~kept]
    counts: list[int] = found.tolist()
    return counts
