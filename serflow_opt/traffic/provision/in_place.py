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
    from serflow_opt.ground.arrays import Floats, Ints
    from serflow_opt.traffic.provision.pricing import Pricing
    from serflow_opt.traffic.provision.relaxed import LeastWaits

Key = tuple[BlockChoice, tuple[float, ...]]
"""A block, wherever it stands, and shares of the ways to meet cold starts in its structure."""
Rooms = dict[int, tuple[int, ...]]
"""By number of machines, places to wait in each part of a block's work."""
PARTS = 8
"""Parts of a block's work in which places are told."""
COUNTED = 4
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


def roomiest(pricing: Pricing, structures: Sequence[Structure], best: float) -> list[dict[int, Rooms]]:
    """Return for each structure the most requests that may wait beside functions, by block; as `fewest`.

    Parameters
    ----------
    pricing, structures, best
        As `fewest` takes them.

    Returns
    -------
    list
        By block that has both: for each number of machines the places in each `PARTS`-th part of its work, rising.
    """
    found: list[dict[int, Rooms]] = [{} for _ in structures]
    for (machines, shares), places in _by_block(pricing, structures, best, beside=True).items():
        pricing.deadline.check()
        whole = [structures[n][b] for n, b in zip(places.structures, places.blocks, strict=True)]
        edges = parts_of(pricing, machines)
        relaxed = pricing.waiting(whole[0], shares)
        if relaxed is None or relaxed.slack is None:
            continue
        most, rooms, seconds = np.array(places.most), np.array(places.rooms), np.array(places.seconds)
        known = [pricing.places(choice) for choice in whole]
        for count in range(1, min(COUNTED, int(most.max(initial=0))) + 1):
            members = [i for i, own in enumerate(known) if count <= most[i] and count in own]
            if not members:
                break
            top = np.array([ROOMS.index(known[i][count]) for i in members])
            at = np.array(members)
            told = [
                _most_places(relaxed, count, part, top, seconds[at], rooms[at]) for part in itertools.pairwise(edges)
            ]
            falling = np.maximum.accumulate(np.array(told)[::-1], axis=0)[::-1]
            for i, own in zip(members, falling.T.tolist(), strict=True):
                found[places.structures[i]].setdefault(places.blocks[i], {})[count] = tuple(ROOMS[k] for k in own)
    return found


def parts_of(pricing: Pricing, choice: BlockChoice) -> list[float]:
    """Return the ends of the parts of a block's work, seconds a request."""
    edges: list[float] = np.linspace(pricing.least_work(choice), pricing.most_work(choice), PARTS + 1).tolist()
    return edges


def _most_places(
    relaxed: LeastWaits, count: int, work: tuple[float, float], top: Ints, seconds: Floats, rooms: Floats
) -> Ints:
    """Return which of `ROOMS` is the most that may be in time, up to `top`, at each of some places of a block."""
    found = top.copy()
    open_ = np.flatnonzero(top > 0)
    useful = useful_rooms(count * relaxed.workers, relaxed.queues.peak * work[1])
    for k in range(1, min(int(top.max(initial=0)) + 1, useful)):
        late = relaxed.taken_each(count, ROOMS[k], *work, seconds[open_]) > rooms[open_]
        found[open_[late]] = k - 1
        open_ = open_[~late & (top[open_] > k)]
        if not len(open_):
            break
    return found


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
            ways = list(promise.ways(structure, few=True))
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
