"""What requests wait for machines, and how many are late for it; deployments as of `provisioned`.

How long a request waits is looked up in the package's table of queues (`serflow_opt.traffic.queues`), by the first two
moments of the time that a request holds a worker; all else is computed here. Who finds no free worker in a block with
a function waits where there is room, and goes to the function elsewhere; without a function all wait. Waits of
different blocks are independent at each rate. Who comes evenly waits nowhere. In the worst case
all but `TAIL` of the requests have to be in time.

Sums of several waits are integrated with the midpoint rule, or bounded from below by rounding all but one of them down.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from oracles.provisioned import (
    FEASIBLE,
    Block,
    Levels,
    Pools,
    Setting,
    done,
    holding,
    invocation,
    onward,
    work,
)
from oracles.provisioned import (
    ends as until,
)
from serflow_opt.traffic.queues.service_time import ServiceTime
from serflow_opt.traffic.queues.waiting import waiting

Floats = NDArray[np.float64]
TAIL = 1e-4
"""Share of the requests that may be late for waiting where nobody may be late."""
ROUNDING = 1e-12
"""Squared coefficients of variation below this are those of one time."""
CELLS = 400
"""Of the midpoint rule."""


@dataclass(frozen=True)
class Wait:
    """What those who enter a block meet at each rate: the share that is sent away, the mean wait of all, and

    P(wait > t) of all: a row a rate, a column a time t >= 0.
    """

    lost: Floats
    mean_s: Floats
    beyond: Callable[[Floats], Floats]

    @cached_property
    def some(self) -> bool:
        """Whether anybody waits a time that is left to chance."""
        return bool((self.mean_s > 0.0).any())


def requests(at: Setting) -> Floats:
    """Shares of the requests that come at each rate."""
    return np.array([share * rate / at.mean for share, rate in at.rates])


def wait(at: Setting, block: Block, reach: Sequence[float], onward_s: float) -> Wait:
    """What a block makes wait; machines alone have to have more workers than the load."""
    zeros = np.zeros(len(at.rates))
    machine = at.machine(block.pools)
    if machine is None:
        return Wait(zeros + 1.0, zeros, lambda times: np.zeros((len(zeros), len(times))))
    held = work(at, block, reach, onward_s) / reach[block.first]
    if at.arrivals == "smooth" or held == 0.0:
        return Wait(zeros, zeros, lambda times: np.zeros((len(zeros), len(times))))
    cv2 = sum(
        share / reach[block.first] * (seconds / held - 1.0) ** 2
        for share, seconds in holding(at, block, reach, onward_s)
    )
    room = None if block.pools.function is None else block.room
    entering = np.array([rate * reach[block.first] for _, rate in at.rates])
    queues = [
        (chance, waiting(block.count * machine.workers, entering, ServiceTime.of_moments(held, own), room))
        for chance, own in between(cv2 if cv2 > ROUNDING else 0.0, room)
    ]
    return Wait(
        sum(chance * queue.lost for chance, queue in queues),
        sum(chance * (1.0 - queue.lost) * queue.mean_s for chance, queue in queues),
        lambda times: sum(chance * (1.0 - queue.lost)[:, None] * queue.beyond(times) for chance, queue in queues),
    )


def between(cv2: float, room: int | None) -> list[tuple[float, float]]:
    """Variations that a queue is told at, and its shares of them: 1 + cv² in eighths of octaves where some may wait.

    The lowest eighth is cut at a quarter and a sixteenth.
    """
    if not room:
        return [(1.0, cv2)]
    eighth = math.floor(8 * math.log2(1 + cv2))
    low, high = 2 ** (eighth / 8) - 1, 2 ** ((eighth + 1) / 8) - 1
    if eighth == 0:
        low, high = next((a, b) for a, b in ((0.0, high / 16), (high / 16, high / 4), (high / 4, high)) if cv2 <= b)
    share = (cv2 - low) / (high - low)
    return [(1 - share, low), (share, high)]


def no_room(servers: int, load: float, room: int) -> float:
    """Share of Poisson arrivals that find neither a free server nor one of some places: M/M/c/K, state by state."""
    weight, total = 1.0, 1.0
    for state in range(1, servers + room + 1):
        weight *= load / min(state, servers)
        total += weight
    return weight / total


def running(at: Setting, block: Block, reach: Sequence[float], onward_s: float, queue: Wait) -> float:
    """USD per second of a block, without hand-overs."""
    machine = at.machine(block.pools)
    rent, held, servers = 0.0, 0.0, 0
    if machine is not None:
        rent, held = block.count * machine.usd_per_s, work(at, block, reach, onward_s)
        servers = block.count * machine.workers
    if block.pools.function is None:
        return rent
    paid = 0.0
    for share, rate in at.rates:
        load = rate * held
        kept = float(servers > 0)
        if load > 0.0 and servers:
            lost = 0.0 if at.arrivals == "smooth" else no_room(servers, load, block.room)
            kept = min(load * (1.0 - lost), at.problem.cap * servers) / load
        paid += share * rate * (1.0 - kept)
    return rent + paid * invocation(at, block, reach)


def enough(at: Setting, block: Block, reach: Sequence[float], onward_s: float) -> bool:
    """Whether the machines of a block may be so few: alone below their cap at the peak, few enough waiting."""
    machine = at.machine(block.pools)
    if machine is None or block.pools.function is not None:
        return machine is None or block.count > 0
    servers, load = block.count * machine.workers, at.peak * work(at, block, reach, onward_s)
    if servers == 0 or load > at.problem.cap * servers * (1.0 + FEASIBLE):
        return False
    if load == 0.0 or at.arrivals == "smooth":
        return True
    return load < servers and (at.wait_max is None or erlang_c(servers, load) <= at.wait_max * (1.0 + FEASIBLE))


def erlang_c(servers: int, load: float) -> float:
    """Share of arrivals that wait when everybody who finds no server does."""
    if load >= servers:
        return 1.0
    blocked = 1.0
    for c in range(1, servers + 1):
        blocked = load * blocked / (c + load * blocked)
    return servers * blocked / (servers - load * (1.0 - blocked))


# ----------------------------------------------------------------------------------------------------
# Sums of waits


def beyond_sum(queues: Sequence[Wait], x: float, cells: int = CELLS, down: bool = False) -> Floats:
    """P(sum of the waits > x), by rate; `down`: a lower bound of it."""
    queues = [queue for queue in queues if queue.some]
    if not queues:
        return np.zeros(1)
    if x == 0.0 or len(queues) == 1:
        kept = np.prod([1.0 - queue.beyond(np.array([x]))[:, 0] for queue in queues], axis=0)
        return np.asarray(1.0 - kept)
    step = x / cells
    points = step * np.arange(cells + 1)
    between = points[1:] if down else points[1:] - step / 2.0
    tail = queues[0].beyond(points)
    for queue in queues[1:]:
        one, mass = queue.beyond(between), tail[:, :-1] - tail[:, 1:]
        whole = queue.beyond(points)
        both = np.array([np.convolve(p, f)[:cells] for p, f in zip(mass, one, strict=True)])
        nobody = 1.0 - tail[:, :1]
        tail = tail + nobody * whole + np.concatenate([np.zeros_like(nobody), both], axis=1)
    return np.asarray(tail[:, -1])


# ----------------------------------------------------------------------------------------------------
# Latency of deployments


def worst_s(at: Setting, blocks: Sequence[Block], levels: Levels) -> float:
    """Seconds until the last stage that somebody reaches is done by who waits nowhere, all cold starts met."""
    reach, times = at.reach(levels), done(at, blocks, [1.0] * len(blocks))
    return max(time for s, time in enumerate(times) if reach[s] > reach[s + 1])


def path_s(at: Setting, blocks: Sequence[Block], levels: Levels) -> float:
    """Mean seconds of a request that waits nowhere."""
    reach = at.reach(levels)
    functions = [at.function(block.pools) for block in blocks]
    times = done(at, blocks, [0.0 if function is None else function.cold_share for function in functions])
    return sum((reach[s] - reach[s + 1]) * time for s, time in enumerate(times))


def waited_s(at: Setting, blocks: Sequence[Block], levels: Levels, queues: Sequence[Wait]) -> float:
    """Mean seconds that a request waits."""
    reach, shares = at.reach(levels), requests(at)
    return sum(reach[block.first] * float(shares @ queue.mean_s) for block, queue in zip(blocks, queues, strict=True))


@dataclass(frozen=True)
class Ending:
    """A share of the requests that leaves behind a block, and what is left of the limit for waiting; below 0: late.

    `sent`: it is late if it is sent away there.
    """

    block: int
    share: float
    slack_s: float
    sent: bool = False


def quicker_s(at: Setting, blocks: Sequence[Block], cold: Sequence[float]) -> list[float]:
    """By stage, how much sooner than on the slower pools those are there at least who wait: they are on machines.

    The least over the blocks with machines up to the stage, in any of which they may have waited.
    """
    found: list[float] = []
    before = math.inf
    for block, share in zip(blocks, cold, strict=True):
        gains = [math.inf] * (block.last - block.first + 1)
        if block.pools.machine is not None:
            alone = Block(block.first, block.last, Pools(block.pools.machine, None), block.count, block.room)
            gains = [a - b for a, b in zip(until(at, block, share), until(at, alone, 0.0), strict=True)]
        found += [min(before, gain) for gain in gains]
        before = found[-1]
    return found


def only_machines(at: Setting, blocks: Sequence[Block]) -> int | None:
    """The only block with machines if a function is beside them and a percentile counts at random arrivals."""
    used = [b for b, block in enumerate(blocks) if block.pools.machine is not None]
    if len(used) != 1 or blocks[used[0]].pools.function is None or at.arrivals == "smooth":
        return None
    return used[0] if at.problem.measure[0] == "p" else None


def endings(at: Setting, blocks: Sequence[Block], levels: Levels, bound_s: float) -> list[Ending]:
    """All requests, where no mean counts: cold starts whole in the worst case, by share in a percentile.

    Where one block alone has machines those who wait are on them, and those who are sent away on the function.
    """
    b, slower = only_machines(at, blocks), _endings(at, blocks, blocks, levels, bound_s)
    if b is None:
        return slower
    there = blocks[b]
    alone = Block(there.first, there.last, Pools(there.pools.machine, None), there.count, there.room)
    found = _endings(at, blocks, [*blocks[:b], alone, *blocks[b + 1 :]], levels, bound_s)
    more = sum(e.share for e in slower if e.slack_s < 0.0) - sum(e.share for e in found if e.slack_s < 0.0)
    return [*found, Ending(b, max(0.0, more), 0.0, sent=True)] if more > 1e-15 else found


def _endings(
    at: Setting, moved: Sequence[Block], blocks: Sequence[Block], levels: Levels, bound_s: float
) -> list[Ending]:
    """Endings on the slower pools of blocks, with hand-overs between those of `moved`."""
    reach, worst = at.reach(levels), at.problem.measure[0] != "p"
    spot = [b for b, block in enumerate(blocks) for _ in range(block.first, block.last + 1)]
    found = []
    for colds in [(True,) * len(blocks)] if worst else itertools.product((False, True), repeat=len(blocks)):
        share = 1.0
        for block, cold in zip(blocks, colds, strict=True):
            function = at.function(block.pools)
            met = 0.0 if function is None else function.cold_share
            share *= 1.0 if worst else met if cold else 1.0 - met
        if share <= 0.0:
            continue
        met_cold = [float(cold) for cold in colds]
        gains = quicker_s(at, blocks, met_cold)
        for s, time in enumerate(done(at, blocks, met_cold, moved)):
            if reach[s] > reach[s + 1]:
                slack = bound_s - time
                slack = slack if abs(slack) > bound_s * FEASIBLE else 0.0
                if slack >= 0.0 and math.isfinite(gains[s]):
                    slack += gains[s]
                found.append(Ending(spot[s], share * (reach[s] - reach[s + 1]), slack))
    return found


def late_share(at: Setting, ends: Sequence[Ending], queues: Sequence[Wait], shrink: float = 0.0) -> float:
    """Share of the requests that are not in time.

    `shrink` is the share of the largest slack that is taken off each where several blocks make wait.
    """
    shares, late = requests(at), 0.0
    less = shrink * max((end.slack_s for end in ends), default=0.0)
    for end in ends:
        before = [queue for queue in queues[: end.block + 1] if queue.some]
        if end.sent:
            late += end.share * float(shares @ queues[end.block].lost)
            continue
        if end.slack_s < 0.0:
            late += end.share
        elif before:
            x = end.slack_s if len(before) == 1 else max(0.0, end.slack_s - less)
            late += end.share * float(shares @ beyond_sum(before, x))
    return late


def allowed(at: Setting) -> float:
    """What a limit leaves: share of late requests, or seconds of the mean."""
    assert at.problem.slo_s is not None
    if at.problem.measure == "mean":
        return at.problem.slo_s * (1.0 + FEASIBLE)
    return FEASIBLE + (TAIL if at.problem.measure == "worst" else 1.0 - float(at.problem.measure[1:]) / 100.0)


def queues_of(at: Setting, blocks: Sequence[Block], levels: Levels) -> list[Wait]:
    """The waits of a deployment."""
    moves, reach = at.moves(blocks), at.reach(levels)
    assert moves is not None
    return [wait(at, block, reach, onward(moves, b)) for b, block in enumerate(blocks)]


def keeps(at: Setting, blocks: Sequence[Block], levels: Levels, queues: Sequence[Wait], shrink: float = 0.0) -> bool:
    """Whether a deployment keeps the limit on latency, if there is one."""
    if at.problem.slo_s is None:
        return True
    if at.problem.measure == "mean":
        return path_s(at, blocks, levels) + waited_s(at, blocks, levels, queues) <= allowed(at)
    ends = endings(at, blocks, levels, at.problem.slo_s)
    if at.problem.measure == "worst" and any(end.slack_s < 0.0 for end in ends):
        return False
    return late_share(at, ends, queues, shrink) <= allowed(at)


def value(at: Setting, blocks: Sequence[Block], levels: Levels) -> float:
    """USD per second of a deployment; inf where it breaks a limit."""
    from oracles.provisioned import choices

    floor, reach, moves = at.problem.accuracy_min, at.reach(levels), at.moves(blocks)
    if floor is not None and at.accuracy(levels) < floor * (1.0 - FEASIBLE):
        return math.inf
    if moves is None or reach[blocks[-1].last + 1] > 0.0:
        return math.inf
    for b, block in enumerate(blocks):
        most = math.inf if block.pools.machine is None else at.most[block.pools.machine[0]]
        if block.pools not in choices(at, block.first, block.last) or block.count > most:
            return math.inf
        if not enough(at, block, reach, onward(moves, b)):
            return math.inf
    queues = queues_of(at, blocks, levels)
    if not keeps(at, blocks, levels, queues):
        return math.inf
    total = sum(
        running(at, block, reach, onward(moves, b), queue)
        for b, (block, queue) in enumerate(zip(blocks, queues, strict=True))
    )
    return total + sum(at.mean * reach[block.first] * move[1] for block, move in zip(blocks, moves, strict=True))
