"""Exhaustive optima of deployments of small services: all cuts into blocks, pools, counts and thresholds.

Works on the documents of `brute_force` and shares no code with the package. The demand is a list of (share of the
time, requests per second). Inside a block a request either stays on machines or runs on the function; latencies take
the slower of the two. Costs of blocks add up; time joins them, and the order and links of tiers. A block is a function
alone or has at least one machine. Where a threshold lets everybody leave, the stages behind may run nowhere.

Who meets cold starts is drawn block by block: in the worst case all do, in the mean a share of the time counts, in a
percentile a share of the requests. With random arrivals, machines without a function make requests wait as in M/M/c:
the mean wait (times half of the service times' second moment over the square of their mean, where that is above 1)
counts in the mean, the share that waits counts as late in a percentile; both are of requests, over all rates.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any

from oracles.brute_force import Link, Option, Problem, Spot, read

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


def enough(arrivals: str, cap: float, wait_max: float, servers: int, load: float) -> bool:
    """Whether servers can take a load alone: below their cap, and few enough would wait (none of who come evenly)."""
    if load > cap * servers * (1.0 + FEASIBLE):
        return False
    return load == 0.0 or arrivals == "smooth" or erlang_c(servers, load) <= wait_max * (1.0 + FEASIBLE)


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


def setting(document: Mapping[str, Any], rates: Rates, arrivals: str, wait_max: float) -> Setting:
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


def wait(at: Setting, block: Block, reach: Sequence[float], onward_s: float) -> tuple[float, float]:
    """Mean seconds that a request of the service waits for a block, and share of the block's requests that wait."""
    machine = at.machine(block.pools)
    if machine is None or block.pools.function is not None or at.arrivals == "smooth":
        return 0.0, 0.0
    servers, held = block.count * machine.workers, work(at, block, reach, onward_s)
    if held == 0.0:
        return 0.0, 0.0
    seconds = share = 0.0
    for portion, rate in at.rates:
        load, requests = rate * held, portion * rate / at.mean
        if load >= servers:
            return math.inf, 1.0
        waiting = erlang_c(servers, load) if load > 0.0 else 0.0
        share += requests * waiting
        seconds += requests * waiting * held / (servers - load)
    square = sum(share_ * time**2 for share_, time in holding(at, block, reach, onward_s))
    varied = square * reach[block.first] / held**2 / 2.0
    return seconds * max(1.0, varied), share


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


def running(at: Setting, block: Block, reach: Sequence[float], onward_s: float) -> float:
    """USD per second of a block with its count, without hand-overs; inf where machines alone are too few."""
    machine, function = at.machine(block.pools), at.function(block.pools)
    rent, held, servers = 0.0, 0.0, 0
    if machine is not None:
        if block.count < 1 and function is None:
            return math.inf
        rent, held = block.count * machine.usd_per_s, work(at, block, reach, onward_s)
        servers = block.count * machine.workers
    if function is None:
        assert machine is not None
        return rent if enough(at.arrivals, at.problem.cap, at.wait_max, servers, at.peak * held) else math.inf
    paid = 0.0
    for share, rate in at.rates:
        load = rate * held
        kept = float(servers > 0)
        if load > 0.0 and servers:
            kept = carried(at.arrivals, at.problem.cap, servers, load) / load
        paid += share * rate * (1.0 - kept)
    return rent + paid * invocation(at, block, reach)


def priced(at: Setting, block: Block, reach: Sequence[float], onward_s: float) -> Iterator[tuple[float, Block]]:
    """USD per second of a block with each number of machines that may be best, the least first.

    Beside a function that is one number; alone all from the least that is enough, until nobody waits.
    """
    if block.pools.machine is None:
        yield running(at, block, reach, onward_s), block
        return
    machine, most = at.machine(block.pools), at.most[block.pools.machine[0]]
    assert machine is not None
    alone = block.pools.function is None
    best: tuple[float, Block] | None = None
    for n in itertools.count(1):
        own = Block(block.first, block.last, block.pools, n)
        found = running(at, own, reach, onward_s)
        if n > most or (not alone and best is not None and n * machine.usd_per_s > best[0]):
            break
        if alone and found < math.inf:
            yield found, own
            if wait(at, own, reach, onward_s)[0] < 1e-14:
                break
        elif not alone and (best is None or found < best[0]):
            best = found, own
        if not machine.usd_per_s and n > 1000:
            raise AssertionError("free machines have no best number")
    if best is not None:
        yield best


# ----------------------------------------------------------------------------------------------------
# All blocks


def onward(moves: Sequence[tuple[float, float]], b: int) -> float:
    """Seconds of the hand-over behind a block."""
    return moves[b + 1][0] if b + 1 < len(moves) else 0.0


def done(at: Setting, blocks: Sequence[Block], cold: Sequence[float]) -> list[float]:
    """Seconds until each stage is done, hand-overs and slower pools; `cold`: by block, see `ends`."""
    moves = at.moves(blocks)
    assert moves is not None
    clock, times = 0.0, []
    for block, move, share in zip(blocks, moves, cold, strict=True):
        clock += move[0]
        times += [clock + end for end in ends(at, block, share)]
        clock = times[-1]
    return times


def worst_s(at: Setting, blocks: Sequence[Block], levels: Levels) -> float:
    """Seconds until the last stage that somebody reaches is done, all cold starts met."""
    reach, times = at.reach(levels), done(at, blocks, [1.0] * len(blocks))
    return max(time for s, time in enumerate(times) if reach[s] > reach[s + 1])


def mean_s(at: Setting, blocks: Sequence[Block], levels: Levels) -> float:
    """Mean seconds of a request, waits included."""
    reach, moves = at.reach(levels), at.moves(blocks)
    assert moves is not None
    functions = [at.function(block.pools) for block in blocks]
    times = done(at, blocks, [0.0 if function is None else function.cold_share for function in functions])
    path = sum((reach[s] - reach[s + 1]) * time for s, time in enumerate(times))
    return path + sum(wait(at, block, reach, onward(moves, b))[0] for b, block in enumerate(blocks))


def late_share(at: Setting, blocks: Sequence[Block], levels: Levels, bound_s: float) -> float:
    """Share of the requests that are not done in time: they wait, or meet too many cold starts, or take too long."""
    reach, moves = at.reach(levels), at.moves(blocks)
    assert moves is not None
    late = sum(wait(at, block, reach, onward(moves, b))[1] for b, block in enumerate(blocks))
    for colds in itertools.product((False, True), repeat=len(blocks)):
        share = 1.0
        for block, cold in zip(blocks, colds, strict=True):
            function = at.function(block.pools)
            met = 0.0 if function is None else function.cold_share
            share *= met if cold else 1.0 - met
        if share > 0.0:
            times = done(at, blocks, [float(cold) for cold in colds])
            late += share * sum(reach[s] - reach[s + 1] for s, t in enumerate(times) if t > bound_s * (1.0 + FEASIBLE))
    return late


def latency_s(at: Setting, blocks: Sequence[Block], levels: Levels) -> float:
    """The least limit on the latency that a deployment keeps, seconds; inf: none."""
    measure = at.problem.measure
    if measure == "worst":
        return worst_s(at, blocks, levels)
    if measure == "mean":
        return mean_s(at, blocks, levels)
    colds = itertools.product((0.0, 1.0), repeat=len(blocks))
    times = sorted({time for cold in colds for time in done(at, blocks, cold)})
    return next((time for time in times if keeps(at, blocks, levels, time)), math.inf)


def keeps(at: Setting, blocks: Sequence[Block], levels: Levels, slo_s: float) -> bool:
    """Whether a deployment keeps a limit on latency."""
    if at.problem.measure[0] != "p":
        return latency_s(at, blocks, levels) <= slo_s * (1.0 + FEASIBLE)
    return late_share(at, blocks, levels, slo_s) <= 1.0 - float(at.problem.measure[1:]) / 100.0 + FEASIBLE


def late(at: Setting, blocks: Sequence[Block], levels: Levels) -> bool:
    """Whether a deployment breaks the limit on latency."""
    return at.problem.slo_s is not None and not keeps(at, blocks, levels, at.problem.slo_s)


def cuts(stages: int, most: int) -> Iterator[list[tuple[int, int]]]:
    """(first, last) of the blocks of every way to cut a chain into at most so many."""
    for count in range(1, min(most, stages) + 1):
        for inner in itertools.combinations(range(1, stages), count - 1):
            bounds = [0, *inner, stages]
            yield [(bounds[i], bounds[i + 1] - 1) for i in range(count)]


def value(at: Setting, blocks: Sequence[Block], levels: Levels) -> float:
    """USD per second of a deployment; inf where it breaks a limit."""
    floor, reach, moves = at.problem.accuracy_min, at.reach(levels), at.moves(blocks)
    if floor is not None and at.accuracy(levels) < floor * (1.0 - FEASIBLE):
        return math.inf
    if moves is None or reach[blocks[-1].last + 1] > 0.0:
        return math.inf
    for block in blocks:
        most = math.inf if block.pools.machine is None else at.most[block.pools.machine[0]]
        if block.pools not in choices(at, block.first, block.last) or block.count > most:
            return math.inf
    if late(at, blocks, levels):
        return math.inf
    total = sum(running(at, block, reach, onward(moves, b)) for b, block in enumerate(blocks))
    return total + sum(at.mean * reach[block.first] * move[1] for block, move in zip(blocks, moves, strict=True))


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
        counted = cache(lambda block, onward_s, reach=reach: list(priced(at, block, reach, onward_s)))
        last = next(s for s in range(at.problem.stages) if reach[s + 1] <= 0.0)  # behind it nothing need run
        for cut in cuts(last + 1, blocks):
            for chosen in itertools.product(*(pools(*span) for span in cut)):
                spans = [Block(*span, own) for span, own in zip(cut, chosen, strict=True)]
                best = _cheapest_of(at, levels, spans, counted, best)
    return best


def _cheapest_of(
    at: Setting,
    levels: Levels,
    blocks: Sequence[Block],
    counted: Callable[[Block, float], list[tuple[float, Block]]],
    best: Best | None,
) -> Best | None:
    """The cheapest punctual numbers of machines for blocks, or what was best before."""
    moves, reach = at.moves(blocks), at.reach(levels)
    if moves is None:
        return best
    linked = sum(at.mean * reach[block.first] * move[1] for block, move in zip(blocks, moves, strict=True))
    offers = [counted(block, onward(moves, b)) for b, block in enumerate(blocks)]

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

    extend(linked, ())
    return best
