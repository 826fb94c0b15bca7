"""Deployments of small services, as documents of `brute_force` ask for them, read without the package.

The demand is a list of (share of the time, requests per second). Inside a block a request either stays on machines or
runs on the function; latencies take the slower of the two. Costs of blocks add up; waits join them
(`provisioned_waits`), and time, and the order and links of tiers (`provisioned_best`). A block is a function alone or
has at least one machine. Where a threshold lets everybody leave, the stages behind may run nowhere.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from oracles.brute_problem import Link, Option, Problem, Spot
from oracles.brute_reading import read

FEASIBLE = 1e-9
Rates = Sequence[tuple[float, float]]  # (share of the time, requests per second)
Levels = tuple[int, ...]  # one row of the menu per stage


# ----------------------------------------------------------------------------------------------------
# The service


@dataclass(frozen=True)
class Pools:
    """What a block may run on: a type of machine, a function, or both; indices of tiers and of options in them."""

    machine: Spot | None
    function: Spot | None

    @property
    def tiers(self) -> list[int]:
        """The tiers in use."""
        return [spot[0] for spot in (self.machine, self.function) if spot is not None]


@dataclass(frozen=True)
class Block:
    """Stages first..last, counted from 0, on pools, with numbers of machines and of those who may wait for them.

    `room` is of no account without machines, and without a function: there all wait.
    """

    first: int
    last: int
    pools: Pools
    count: int = 0
    room: int = 0


@dataclass
class Setting:
    """A document as provisioning reads it."""

    problem: Problem
    rates: Rates
    arrivals: str
    wait_max: float | None
    functions: list[bool]  # by tier
    most: list[float]  # machines, by tier
    step_s: list[float]  # what functions are billed in, by tier
    reaches: dict[Levels, list[float]] = field(default_factory=dict)

    @property
    def mean(self) -> float:
        """Requests per second over all time."""
        return sum(share * rate for share, rate in self.rates)

    @property
    def peak(self) -> float:
        """The largest rate."""
        return max(rate for _, rate in self.rates)

    def machine(self, pools: Pools) -> Option | None:
        """The machines of a block."""
        return None if pools.machine is None else self.problem.option(pools.machine)

    def function(self, pools: Pools) -> Option | None:
        """The function of a block."""
        return None if pools.function is None else self.problem.option(pools.function)

    def reach(self, levels: Levels) -> list[float]:
        """R of each stage, and 0 behind the last."""
        if levels not in self.reaches:
            reach = [1.0]
            for menu, level in zip(self.problem.menus, levels, strict=True):
                reach.append(reach[-1] * (1.0 - menu[level][1]))
            self.reaches[levels] = reach
        return self.reaches[levels]

    def accuracy(self, levels: Levels) -> float:
        """Share of requests with the right answer."""
        rows = [menu[level] for menu, level in zip(self.problem.menus, levels, strict=True)]
        return sum(r * row[2] for r, row in zip(self.reach(levels), rows, strict=False))

    def link(self, one: int, other: int) -> Link | None:
        """The way from a tier to another: down the list, or either way between machines and functions."""
        names = self.problem.tier_names[one], self.problem.tier_names[other]
        found = self.problem.links.get(names)
        if found is None and self.functions[one] != self.functions[other]:
            found = self.problem.links.get(names[::-1])
        return found

    def enters(self, tier: int) -> bool:
        """Whether requests can come to a tier from where they are made."""
        source, name = self.problem.source, self.problem.tier_names[tier]
        return source in ("client", name) or (source, name) in self.problem.links

    def move(self, before: Block | None, block: Block) -> tuple[float, float] | None:
        """Seconds and USD of handing over to a block, by the worst of the ways; None where one does not exist."""
        problem, size = self.problem, self.problem.activation[block.first]
        links: list[Link] = []
        for tier in block.pools.tiers:
            if before is None:
                way = (problem.source, problem.tier_names[tier])
                links += [problem.links[way]] if way in problem.links else []
                continue
            for other in before.pools.tiers:
                if other == tier:
                    across = [t for t, is_function in enumerate(self.functions) if is_function != self.functions[tier]]
                    links += [link for t in across if problem.options[t] and (link := self.link(tier, t)) is not None]
                elif (link := self.link(other, tier)) is not None:
                    links.append(link)
                else:
                    return None
        return (
            max((link.seconds(size) for link in links), default=0.0),
            max((link.usd_per_byte * size for link in links), default=0.0),
        )

    def moves(self, blocks: Sequence[Block]) -> list[tuple[float, float]] | None:
        """Seconds and USD of handing over to each block; None where the blocks cannot follow each other."""
        machines = [block.pools.machine[0] for block in blocks if block.pools.machine is not None]
        if machines != sorted(machines):
            return None
        found = [self.move(before, block) for before, block in zip([None, *blocks[:-1]], blocks, strict=True)]
        return None if None in found else [move for move in found if move is not None]


def setting(document: Mapping[str, Any], rates: Rates, arrivals: str, wait_max: float | None = None) -> Setting:
    """Read a document for provisioning."""
    return Setting(
        problem=read(document),
        rates=rates,
        arrivals=arrivals,
        wait_max=wait_max,
        functions=[tier["kind"] == "function" for tier in document["tier"]],
        most=[tier.get("machines_max", math.inf) for tier in document["tier"]],
        step_s=[tier.get("billing_step_ms", 0.0) / 1000.0 for tier in document["tier"]],
    )


# ----------------------------------------------------------------------------------------------------
# One block


def fits(at: Setting, first: int, last: int, tier: int, option: Option) -> bool:
    """Whether a block has the memory it needs on an option, and what it receives may enter the tier."""
    problem = at.problem
    need = sum(problem.parameters[first : last + 1]) + max(problem.activation[first : last + 2])
    if need > option.memory_bytes * (1.0 + FEASIBLE):
        return False
    return problem.tier_names[tier] == problem.source or problem.activation[first] <= problem.payload_max[tier] * (
        1.0 + FEASIBLE
    )


def choices(at: Setting, first: int, last: int) -> list[Pools]:
    """All pools that a block fits."""
    offers: dict[bool, list[Spot | None]] = {False: [None], True: [None]}
    for tier, options in enumerate(at.problem.options):
        for o, option in enumerate(options):
            if fits(at, first, last, tier, option) and (first > 0 or at.enters(tier)):
                offers[at.functions[tier]].append((tier, o))
    return [Pools(m, f) for m, f in itertools.product(offers[False], offers[True]) if m is not None or f is not None]


def ends(at: Setting, block: Block, cold: float) -> list[float]:
    """Seconds from the begin of a block until each of its stages is done on the slower pool.

    `cold` is the share of the cold start that counts on the function.
    """
    slower = [0.0] * (block.last - block.first + 1)
    for option in (at.machine(block.pools), at.function(block.pools)):
        if option is None:
            continue
        start = cold * option.cold_s if option.kind == "function" and option.cold_share > 0.0 else 0.0
        run = itertools.accumulate(option.seconds[block.first : block.last + 1])
        slower = [max(was, start + time) for was, time in zip(slower, run, strict=True)]
    return slower


def holding(at: Setting, block: Block, reach: Sequence[float], onward_s: float) -> list[tuple[float, float]]:
    """(share of the service's requests, seconds they hold a machine of the block); `onward_s`: handing over behind."""
    machine = at.machine(block.pools)
    assert machine is not None
    busy = list(itertools.accumulate(machine.seconds[block.first : block.last + 1]))
    held = [(reach[s] - reach[s + 1], busy[s - block.first]) for s in range(block.first, block.last + 1)]
    sends = onward_s if machine.kind in ("vm", "edge") else 0.0
    return [*held, (reach[block.last + 1], busy[-1] + sends)]


def work(at: Setting, block: Block, reach: Sequence[float], onward_s: float) -> float:
    """Seconds that machines of the block would be held per request of the service."""
    return sum(share * seconds for share, seconds in holding(at, block, reach, onward_s))


def invocation(at: Setting, block: Block, reach: Sequence[float]) -> float:
    """USD of a request of the service on the function of a block, times the reach of the block."""
    function = at.function(block.pools)
    assert function is not None
    assert block.pools.function is not None
    step_s = at.step_s[block.pools.function[0]]
    cold = function.usd_per_busy_s * function.cold_share * function.cold_s
    total = reach[block.first] * (function.usd_per_request + cold)
    busy = 0.0
    for s in range(block.first, block.last + 1):
        busy += function.seconds[s]
        billed = busy if step_s == 0.0 else math.ceil(busy / step_s * (1.0 - FEASIBLE)) * step_s
        leaving = reach[s] if s == block.last else reach[s] - reach[s + 1]
        total += leaving * function.usd_per_busy_s * billed
    return total


def cuts(stages: int, most: int) -> Iterator[list[tuple[int, int]]]:
    """(first, last) of the blocks of every way to cut a chain into at most so many."""
    for count in range(1, min(most, stages) + 1):
        for inner in itertools.combinations(range(1, stages), count - 1):
            bounds = [0, *inner, stages]
            yield [(bounds[i], bounds[i + 1] - 1) for i in range(count)]


def onward(moves: Sequence[tuple[float, float]], b: int) -> float:
    """Seconds of the hand-over behind a block."""
    return moves[b + 1][0] if b + 1 < len(moves) else 0.0


def done(
    at: Setting, blocks: Sequence[Block], cold: Sequence[float], moved: Sequence[Block] | None = None
) -> list[float]:
    """Seconds until each stage is done by who waits nowhere, on the slower pools; `cold`: by block, see `ends`.

    `moved`: between which there are hand-overs, where these are others.
    """
    moves = at.moves(blocks if moved is None else moved)
    assert moves is not None
    clock, times = 0.0, []
    for block, move, share in zip(blocks, moves, cold, strict=True):
        clock += move[0]
        times += [clock + end for end in ends(at, block, share)]
        clock = times[-1]
    return times
