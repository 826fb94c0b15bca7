"""Exhaustive optima of deployments: all cuts into blocks, pools, thresholds, counts and rooms for waiting.

Structures come in the order of what they cost at least, as if nobody were sent away but by the cap. What is used of
waits: more room lets more wait, and longer; more machines fewer.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np

from oracles.provisioned import (
    FEASIBLE,
    Block,
    Levels,
    Rates,
    Setting,
    choices,
    cuts,
    invocation,
    onward,
    setting,
    work,
)
from oracles.provisioned_waits import (
    Ending,
    Floats,
    Wait,
    allowed,
    beyond_sum,
    endings,
    enough,
    late_share,
    no_room,
    path_s,
    requests,
    running,
    wait,
)

ROOMS = (
    *range(9),
    10,
    12,
    15,
    18,
    22,
    27,
    33,
    40,
    50,
    60,
    75,
    90,
    110,
    135,
    165,
    200,
    250,
    300,
    400,
    500,
    650,
    800,
    1000,
)
"""Numbers of requests that may wait where others go to a function."""
COARSE = 16
"""Cells of what bounds sums of waits from below."""


@dataclass
class Best:
    """The cheapest deployment."""

    usd_per_s: float
    blocks: tuple[Block, ...]
    levels: Levels


@dataclass(frozen=True)
class Offer:
    """A block with its numbers, what it costs per second, and what it makes wait."""

    cost: float
    block: Block
    queue: Wait


@dataclass(frozen=True)
class Structure:
    """Blocks without numbers, at levels; USD per second of each at least, and of the hand-overs."""

    least: float
    levels: Levels
    blocks: tuple[Block, ...]
    costs: tuple[float, ...]
    moves: tuple[tuple[float, float], ...]
    linked: float


def optimum(
    document: Mapping[str, Any],
    rates: Rates,
    blocks: int,
    arrivals: str = "random",
    wait_max: float | None = None,
    shrink: float = 0.0,
) -> Best | None:
    """The cheapest deployment of all; None where limits leave none. `shrink`: see `late_share`."""
    return Search(setting(document, rates, arrivals, wait_max), blocks, shrink).best()


class Search:
    """The search of a setting."""

    def __init__(self, at: Setting, most: int, shrink: float) -> None:
        self.at, self.most, self.shrink = at, most, shrink
        self.pools = cache(lambda first, last: choices(at, first, last))
        self.move = cache(lambda before, block: at.move(before, block))
        self.offer = cache(self._offer)
        self.least = cache(self._least)

    def best(self) -> Best | None:
        """The cheapest deployment."""
        best: Best | None = None
        for structure in sorted(self.structures(), key=lambda own: own.least):
            if best is not None and structure.least >= best.usd_per_s:
                break
            found = self.cheapest(structure, math.inf if best is None else best.usd_per_s)
            best = best if found is None else found
        return best

    def structures(self) -> Iterator[Structure]:
        """All that accuracy and links allow."""
        at = self.at
        for levels in itertools.product(*(range(len(menu)) for menu in at.problem.menus)):
            floor, reach = at.problem.accuracy_min, at.reach(levels)
            if floor is not None and at.accuracy(levels) < floor * (1.0 - FEASIBLE):
                continue
            last = next(s for s in range(at.problem.stages) if reach[s + 1] <= 0.0)  # behind it nothing need run
            for cut in cuts(last + 1, self.most):
                for chosen in itertools.product(*(self.pools(*span) for span in cut)):
                    blocks = tuple(Block(*span, own) for span, own in zip(cut, chosen, strict=True))
                    machines = [own.machine[0] for own in chosen if own.machine is not None]
                    moves = [self.move(b, block) for b, block in zip((None, *blocks[:-1]), blocks, strict=True)]
                    if machines != sorted(machines) or None in moves:
                        continue
                    linked = sum(at.mean * reach[b.first] * m[1] for b, m in zip(blocks, moves, strict=True))
                    costs = tuple(self.least(b, levels, onward(moves, i)) for i, b in enumerate(blocks))
                    yield Structure(linked + sum(costs), levels, blocks, costs, tuple(moves), linked)

    def numbers(self, block: Block, levels: Levels, onward_s: float) -> Iterator[tuple[float, int]]:
        """USD per second at least, and numbers of machines that may be best; the last is more than is any good."""
        at, reach = self.at, self.at.reach(levels)
        machine, function = at.machine(block.pools), at.function(block.pools)
        assert machine is not None
        held = work(at, block, reach, onward_s)
        most = at.most[block.pools.machine[0]] if block.pools.machine is not None else 0
        usd = 0.0 if function is None else invocation(at, block, reach)
        for n in itertools.count(1):
            own = replace(block, count=n)
            if n > most:
                return
            # dearer than calls alone: of use only where the function makes late, until hardly anybody is sent there
            if function is not None and n * machine.usd_per_s > usd * at.mean:
                slow = at.problem.measure[0] == "p" and at.arrivals == "random" and held > 0.0
                if not slow or no_room(n * machine.workers, at.peak * held, 0) < 1e-6:
                    return
            if not enough(at, own, reach, onward_s):
                continue
            room = at.problem.cap * n * machine.workers
            spilled = sum(s * rate * max(0.0, 1.0 - room / (rate * held)) for s, rate in at.rates) if held else 0.0
            yield n * machine.usd_per_s + (0.0 if function is None else usd * spilled), n
            if not machine.usd_per_s and n > 1000:
                raise AssertionError("free machines have no best number")

    def _least(self, block: Block, levels: Levels, onward_s: float) -> float:
        at = self.at
        if block.pools.machine is None:
            return at.mean * invocation(at, block, at.reach(levels))
        numbers = self.numbers(block, levels, onward_s)
        if block.pools.function is None:
            return next(numbers, (math.inf, 0))[0]
        return min((cost for cost, _ in numbers), default=math.inf)

    def _offer(self, block: Block, levels: Levels, onward_s: float) -> Offer:
        reach = self.at.reach(levels)
        queue = wait(self.at, block, reach, onward_s)
        return Offer(running(self.at, block, reach, onward_s, queue), block, queue)

    def cheapest(self, structure: Structure, below: float) -> Best | None:
        """The cheapest punctual numbers for a structure that cost less than `below`, if there are any."""
        limit = Limit(self.at, structure, self.shrink)
        if math.isinf(structure.least) or limit.spent > limit.allowed:
            return None
        waiting = sum(block.pools.machine is not None for block in structure.blocks)
        offers: list[list[Offer]] = []
        for b, least in enumerate(structure.costs):
            offers.append(self.offers(structure, b, limit, below - structure.least + least, waiting == 1))
            if not offers[-1]:
                return None
        return _combined(structure, offers, limit, below)

    def offers(self, structure: Structure, b: int, limit: Limit, below: float, last_only: bool) -> list[Offer]:
        """Numbers for a block that cost less than `below` and are punctual if nobody waits elsewhere.

        `last_only`: of the rooms for one number of machines only the largest, which is the cheapest.
        """
        at, block, onward_s = self.at, structure.blocks[b], onward(structure.moves, b)
        if block.pools.machine is None:
            return [self.offer(block, structure.levels, onward_s)]
        beside = block.pools.function is not None
        limited = at.problem.slo_s is not None  # else nobody waits beside a function
        rooms = ROOMS if beside and limited and at.arrivals == "random" else (0,)
        found = []
        for cost, n in self.numbers(block, structure.levels, onward_s):
            if cost >= below and beside:
                continue
            if cost >= below:
                break
            good = []
            for room in rooms:
                offer = self.offer(replace(block, count=n, room=room), structure.levels, onward_s)
                if limit.alone(b, offer.queue) > limit.allowed:
                    if limit.sent:  # more places send fewer away
                        continue
                    break
                good.append(offer)
                if room and not offer.queue.mean_s.any():
                    break
            found += [offer for offer in good[-1 if last_only else 0 :] if offer.cost < below]
            if good and not beside and limit.alone(b, good[0].queue) <= limit.spent + 1e-15:
                break  # more machines are of no use
        return found


class Limit:
    """What waits take of the limit on latency in a structure, and what there is; 0 of inf where there is no limit."""

    def __init__(self, at: Setting, structure: Structure, shrink: float) -> None:
        self.at, self.shrink = at, shrink
        blocks, levels = structure.blocks, structure.levels
        self.reach = [at.reach(levels)[block.first] for block in blocks]
        self.mean = at.problem.measure == "mean"
        self.ends: list[Ending] = []
        self.allowed, self.spent = math.inf, 0.0
        self.shares, self.sent = requests(at), 0.0
        if at.problem.slo_s is None:
            return
        self.allowed = allowed(at)
        if self.mean:
            self.spent = path_s(at, blocks, levels)
            return
        self.ends = endings(at, blocks, levels, at.problem.slo_s)
        self.spent = sum(end.share for end in self.ends if end.slack_s < 0.0)
        if at.problem.measure == "worst" and self.spent > 0.0:
            self.allowed = -1.0
        self.sent = sum(end.share for end in self.ends if end.sent)
        self.ends = [end for end in self.ends if end.slack_s >= 0.0 and not end.sent]
        self.slacks = np.array([end.slack_s for end in self.ends])

    def alone(self, b: int, queue: Wait) -> float:
        """What is taken if only one block makes wait."""
        if math.isinf(self.allowed):
            return self.spent
        if self.sent:
            away = self.spent + self.sent * float(self.shares @ queue.lost)
            if not queue.some:
                return away
            waits = self.shares @ queue.beyond(self.slacks)
            return away + sum(end.share * float(w) for end, w in zip(self.ends, waits, strict=True) if end.block >= b)
        if not queue.some:
            return self.spent
        if self.mean:
            return self.spent + self.reach[b] * float(self.shares @ queue.mean_s)
        waits = self.shares @ queue.beyond(self.slacks)
        return self.spent + float(sum(end.share * w for end, w in zip(self.ends, waits, strict=True) if end.block >= b))

    def taken(self, queues: Sequence[Wait]) -> float:
        """What is taken of a percentile or the worst case."""
        return self.spent + late_share(self.at, self.ends, queues, self.shrink)

    def at_least(self, queues: Sequence[Wait]) -> float:
        """Less than that, for less work."""
        late = self.spent
        for end in self.ends:
            left = end.slack_s
            waits = beyond_sum(queues[: end.block + 1], left, COARSE, down=True) if left >= 0.0 else 1.0
            late += end.share * float(np.sum(self.shares * waits))
        return late

    def pairs(self, b: int, ones: Sequence[Offer], c: int, others: Sequence[Offer]) -> Floats:
        """Less than what is taken if two blocks make wait, b before c: a row for each of the ones."""
        late = np.full((len(ones), len(others)), float(self.spent))
        for end in self.ends:
            if end.block < b:
                continue
            points = end.slack_s * np.arange(COARSE + 1) / COARSE
            first = np.array([one.queue.beyond(points) for one in ones])  # offer, rate, point
            weights = end.share * self.shares
            late += (first[:, :, -1] @ weights)[:, None]
            if end.block < c:
                continue
            second = np.array([other.queue.beyond(points) for other in others])[:, :, ::-1]
            mass = np.concatenate([1.0 - first[:, :, :1], first[:, :, :-1] - first[:, :, 1:]], axis=2)
            # nobody waits at the first: the second takes all of the slack; else what is rounded down is left of it
            left = np.concatenate([second[:, :, :1], second[:, :, :-1]], axis=2)
            late += np.einsum("irk,jrk,r->ij", mass, left, weights, optimize=True)
        return late


def _combined(structure: Structure, offers: list[list[Offer]], limit: Limit, below: float) -> Best | None:
    """The cheapest punctual choice of one offer for each block, if it costs less than `below`."""
    costs = np.array(structure.linked)
    for own in offers:
        costs = costs[..., None] + np.array([offer.cost for offer in own])
    fine = costs < below
    waiting = [b for b, own in enumerate(offers) if any(offer.queue.some for offer in own)]
    several = len(waiting) > 1 and not math.isinf(limit.allowed)
    if several and limit.mean:
        taken = np.array(limit.spent)
        for b, own in enumerate(offers):
            taken = taken[..., None] + np.array([limit.alone(b, offer.queue) - limit.spent for offer in own])
        fine &= taken <= limit.allowed
    elif several and fine.any():
        for b, c in itertools.combinations(waiting, 2):
            shape = [len(own) if d in (b, c) else 1 for d, own in enumerate(offers)]
            fine &= limit.pairs(b, offers[b], c, offers[c]).reshape(shape) <= limit.allowed
    where = np.argwhere(fine)
    for spot in where[np.argsort(costs[fine], kind="stable")]:
        chosen = [own[i] for own, i in zip(offers, spot, strict=True)]
        queues = [offer.queue for offer in chosen]
        if (
            several
            and not limit.mean
            and (limit.at_least(queues) > limit.allowed or limit.taken(queues) > limit.allowed)
        ):
            continue
        return Best(float(costs[tuple(spot)]), tuple(offer.block for offer in chosen), structure.levels)
    return None
