"""Exhaustive optima of deployments of small services: all cuts into blocks, pools, counts and thresholds.

Works on the documents of `brute_force` and shares no code with the package. The demand is a list of (share of the
time, requests per second). Inside a block a request either stays on machines or runs on the function; latencies take
the slower of the two, so that costs of blocks add up and only time joins them.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any

from oracles.brute_force import Option, Problem, read

FEASIBLE = 1e-9
Rates = Sequence[tuple[float, float]]  # (share of the time, requests per second)
Levels = tuple[int, ...]  # one row of the menu per stage


# ----------------------------------------------------------------------------------------------------
# Queues


@lru_cache(maxsize=1_000_000)
def erlang_b(servers: int, load: float) -> float:
    """Share of arrivals that find all servers busy, none waiting."""
    if servers == 0:
        return 1.0
    if servers > 100:
        erlang_b(servers - 100, load)  # kept, so that no call goes deep
    fewer = load * erlang_b(servers - 1, load)
    return fewer / (servers + fewer)


def erlang_c(servers: int, load: float) -> float:
    """Share of arrivals that wait when everybody who finds no server does."""
    if load >= servers:
        return 1.0
    blocked = erlang_b(servers, load)
    return servers * blocked / (servers - load * (1.0 - blocked))


def carried(arrivals: str, cap: float, servers: int, load: float) -> float:
    """Busy servers of those a load would keep busy; the rest of the load goes elsewhere."""
    alone = load if arrivals == "smooth" else load * (1.0 - erlang_b(servers, load))
    return min(alone, cap * servers)


def enough(cap: float, wait_max: float, servers: int, load: float) -> bool:
    """Whether servers can take a load alone: below their cap, and few enough would wait."""
    if load > cap * servers * (1.0 + FEASIBLE):
        return False
    return load == 0.0 or erlang_c(servers, load) <= wait_max * (1.0 + FEASIBLE)


# ----------------------------------------------------------------------------------------------------
# The service


@dataclass(frozen=True)
class Pools:
    """What a block may run on: a type of machine, a function, or both; indices of options."""

    machine: int | None
    function: int | None


@dataclass(frozen=True)
class Block:
    """Stages first..last, counted from 0, on pools, with a number of machines."""

    first: int
    last: int
    pools: Pools
    count: int = 0


@dataclass
class Best:
    """The cheapest deployment."""

    usd_per_s: float
    blocks: tuple[Block, ...]
    levels: Levels


@dataclass
class Setting:
    """A document as provisioning reads it."""

    problem: Problem
    rates: Rates
    arrivals: str
    wait_max: float
    machine_tier: int | None
    function_tier: int | None
    most: float
    step_s: float
    reaches: dict[Levels, list[float]] = field(default_factory=dict)

    @property
    def mean(self) -> float:
        """Requests per second over all time."""
        return sum(share * rate for share, rate in self.rates)

    @property
    def peak(self) -> float:
        """The largest rate."""
        return max(rate for _, rate in self.rates)

    def tiers(self) -> list[int]:
        """The tiers there are."""
        return [tier for tier in (self.machine_tier, self.function_tier) if tier is not None]

    def machine(self, pools: Pools) -> Option | None:
        """The machines of a block."""
        if pools.machine is None or self.machine_tier is None:
            return None
        return self.problem.options[self.machine_tier][pools.machine]

    def function(self, pools: Pools) -> Option | None:
        """The function of a block."""
        if pools.function is None or self.function_tier is None:
            return None
        return self.problem.options[self.function_tier][pools.function]

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

    def move(self, first: int) -> tuple[float, float]:
        """Seconds and USD of handing over to a block that begins with stage `first`."""
        problem, size = self.problem, self.problem.activation[first]
        names = [problem.tier_names[tier] for tier in self.tiers()]
        if first == 0:
            links = [problem.links[problem.source, name] for name in names if (problem.source, name) in problem.links]
        elif len(names) == 2:
            pairs = [pair for pair in ((names[0], names[1]), (names[1], names[0])) if pair in problem.links]
            links = [problem.links[pairs[0]]] if pairs else []
        else:
            links = []
        return (
            max((link.seconds(size) for link in links), default=0.0),
            max((link.usd_per_byte * size for link in links), default=0.0),
        )


def setting(document: Mapping[str, Any], rates: Rates, arrivals: str, wait_max: float) -> Setting:
    """Read a document for provisioning."""
    problem = read(document)
    kinds = [tier["kind"] for tier in document["tier"]]
    machine = next((t for t, kind in enumerate(kinds) if kind in ("vm", "edge")), None)
    function = next((t for t, kind in enumerate(kinds) if kind == "function"), None)
    return Setting(
        problem=problem,
        rates=rates,
        arrivals=arrivals,
        wait_max=wait_max,
        machine_tier=machine,
        function_tier=function,
        most=math.inf if machine is None else document["tier"][machine].get("machines_max", math.inf),
        step_s=0.0 if function is None else document["tier"][function].get("billing_step_ms", 0.0) / 1000.0,
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
    offers: list[list[int | None]] = []
    for tier in (at.machine_tier, at.function_tier):
        options = [] if tier is None else list(enumerate(at.problem.options[tier]))
        offers.append([None, *(o for o, option in options if fits(at, first, last, tier or 0, option))])
    return [Pools(m, f) for m, f in itertools.product(*offers) if m is not None or f is not None]


def ends(at: Setting, block: Block) -> list[float]:
    """Seconds from the begin of a block until each of its stages is done on the slower pool."""
    slower = [0.0] * (block.last - block.first + 1)
    for option in (at.machine(block.pools), at.function(block.pools)):
        if option is None:
            continue
        cold = option.cold_s if option.kind == "function" and option.cold_share > 0.0 else 0.0
        run = itertools.accumulate(option.seconds[block.first : block.last + 1])
        slower = [max(was, cold + time) for was, time in zip(slower, run, strict=True)]
    return slower


def work(at: Setting, block: Block, reach: Sequence[float]) -> float:
    """Seconds that machines of the block would be held per request of the service."""
    machine = at.machine(block.pools)
    assert machine is not None
    total = sum(reach[s] * machine.seconds[s] for s in range(block.first, block.last + 1))
    if block.last + 1 < at.problem.stages:
        total += reach[block.last + 1] * at.move(block.last + 1)[0]
    return total


def invocation(at: Setting, block: Block, reach: Sequence[float]) -> float:
    """USD of a request of the service on the function of a block, times the reach of the block."""
    function = at.function(block.pools)
    assert function is not None
    cold = function.usd_per_busy_s * function.cold_share * function.cold_s
    total = reach[block.first] * (function.usd_per_request + cold)
    busy = 0.0
    for s in range(block.first, block.last + 1):
        busy += function.seconds[s]
        billed = busy if at.step_s == 0.0 else math.ceil(busy / at.step_s * (1.0 - FEASIBLE)) * at.step_s
        leaving = reach[s] if s == block.last else reach[s] - reach[s + 1]
        total += leaving * function.usd_per_busy_s * billed
    return total


def running(at: Setting, block: Block, reach: Sequence[float]) -> float:
    """USD per second of a block with its count, without hand-overs; inf where machines alone are too few."""
    machine, function = at.machine(block.pools), at.function(block.pools)
    rent, held, servers = 0.0, 0.0, 0
    if machine is not None:
        rent, held, servers = block.count * machine.usd_per_s, work(at, block, reach), block.count * machine.workers
    if function is None:
        assert machine is not None
        return rent if enough(at.problem.cap, at.wait_max, servers, at.peak * held) else math.inf
    paid = 0.0
    for share, rate in at.rates:
        load = rate * held
        kept = carried(at.arrivals, at.problem.cap, servers, load) / load if load > 0.0 and servers else 0.0
        paid += share * rate * (1.0 - kept)
    return rent + paid * invocation(at, block, reach)


def cheapest(at: Setting, block: Block, reach: Sequence[float]) -> tuple[float, int]:
    """Least USD per second of a block, and its number of machines."""
    if block.pools.machine is None:
        return running(at, block, reach), 0
    machine = at.machine(block.pools)
    assert machine is not None
    best, count = math.inf, -1
    for n in itertools.count():
        if n > at.most or n * machine.usd_per_s > best:
            return best, count
        found = running(at, Block(block.first, block.last, block.pools, n), reach)
        if found < best:
            best, count = found, n
        if not machine.usd_per_s and n > 1000:
            raise AssertionError("free machines have no best number")
    raise AssertionError


# ----------------------------------------------------------------------------------------------------
# All blocks


def done(at: Setting, blocks: Sequence[Block]) -> list[float]:
    """Seconds until each stage is done, hand-overs and slower pools."""
    clock, times = 0.0, []
    for block in blocks:
        clock += at.move(block.first)[0]
        times += [clock + end for end in ends(at, block)]
        clock = times[-1]
    return times


def latency_s(at: Setting, blocks: Sequence[Block], levels: Levels) -> float:
    """Seconds by the measure of the instance: within them all, or enough, requests are done."""
    problem, reach, times = at.problem, at.reach(levels), done(at, blocks)
    shares = [reach[s] - reach[s + 1] for s in range(problem.stages)]
    if problem.measure == "worst":
        return times[-1]
    if problem.measure == "mean":
        return sum(share * time for share, time in zip(shares, times, strict=True))
    alone = sum(block.pools.function is None for block in blocks)
    within = -at.wait_max * alone
    for share, time in zip(shares, times, strict=True):
        within += share
        if within >= float(problem.measure[1:]) / 100.0 - FEASIBLE:
            return time
    return math.inf


def late(at: Setting, blocks: Sequence[Block], levels: Levels) -> bool:
    """Whether a deployment breaks the limit on latency."""
    slo = at.problem.slo_s
    return slo is not None and latency_s(at, blocks, levels) > slo * (1.0 + FEASIBLE)


def cuts(stages: int, most: int) -> Iterator[list[tuple[int, int]]]:
    """(first, last) of the blocks of every way to cut a chain into at most so many."""
    for count in range(1, min(most, stages) + 1):
        for inner in itertools.combinations(range(1, stages), count - 1):
            bounds = [0, *inner, stages]
            yield [(bounds[i], bounds[i + 1] - 1) for i in range(count)]


def value(at: Setting, blocks: Sequence[Block], levels: Levels) -> float:
    """USD per second of a deployment; inf where it breaks a limit."""
    floor, reach = at.problem.accuracy_min, at.reach(levels)
    if floor is not None and at.accuracy(levels) < floor * (1.0 - FEASIBLE):
        return math.inf
    if any(block.pools not in choices(at, block.first, block.last) or block.count > at.most for block in blocks):
        return math.inf
    if late(at, blocks, levels):
        return math.inf
    total = sum(running(at, block, reach) for block in blocks)
    return total + sum(at.mean * reach[block.first] * at.move(block.first)[1] for block in blocks)


def optimum(
    document: Mapping[str, Any], rates: Rates, blocks: int, arrivals: str = "random", wait_max: float = 1e-3
) -> Best | None:
    """The cheapest deployment of all; None where limits leave none."""
    at = setting(document, rates, arrivals, wait_max)
    pools = cache(lambda first, last: choices(at, first, last))
    best: Best | None = None
    for levels in itertools.product(*(range(len(menu)) for menu in at.problem.menus)):
        floor, reach = at.problem.accuracy_min, at.reach(levels)
        if floor is not None and at.accuracy(levels) < floor * (1.0 - FEASIBLE):
            continue
        priced: dict[tuple[int, int], list[tuple[float, Block]]] = {}
        for cut in cuts(at.problem.stages, blocks):
            for first, last in cut:
                if (first, last) not in priced:
                    moved = at.mean * reach[first] * at.move(first)[1]
                    found = []
                    for choice in pools(first, last):
                        cost, count = cheapest(at, Block(first, last, choice), reach)
                        if cost < math.inf:
                            found.append((cost + moved, Block(first, last, choice, count)))
                    priced[first, last] = sorted(found, key=lambda pair: pair[0])
            best = _cheapest_of(at, levels, [priced[span] for span in cut], best)
    return best


def _cheapest_of(
    at: Setting, levels: Levels, offers: Sequence[Sequence[tuple[float, Block]]], best: Best | None
) -> Best | None:
    """The cheapest punctual combination of blocks, or what was best before."""

    def extend(paid: float, head: tuple[Block, ...]) -> None:
        nonlocal best
        if len(head) == len(offers):
            if not late(at, head, levels):
                best = Best(paid, head, levels)
            return
        for cost, block in offers[len(head)]:
            if best is not None and paid + cost >= best.usd_per_s:
                return
            extend(paid + cost, (*head, block))

    extend(0.0, ())
    return best
