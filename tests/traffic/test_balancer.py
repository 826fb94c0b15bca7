"""The balancer: a gateway that embeds it does what the simulator does, request by request."""

from __future__ import annotations

import json
import math
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from heapq import heappop, heappush
from typing import Any

import numpy as np
import pytest

import serflow_opt as so
from serflow_opt.traffic.scaling_policy import Orders
from serflow_opt.traffic.service import Block, Function, Machine, Service
from serflow_opt.traffic.simulate.faults import Faults
from serflow_opt.traffic.simulate.functions import Environments
from serflow_opt.traffic.simulate.pool import Pool

MACHINE = Machine("vm", 0.0, 1, (1.0, 1.0))


def service_with(function: Function | None = None) -> Service:
    return Service("one", (Block(0, 0, (MACHINE,), function),), (1.0,), (math.nan,))


FUNCTION = Function("function", (1.0, 1.0), usd_per_s=0.0, usd_per_request=0.0, concurrency_max=2)


class Gateway:
    """Machines of one worker each, by number, and who waits for them; the balancer decides."""

    def __init__(self, service: Service) -> None:
        self.balancer = so.Balancer(service)
        self.function = service.blocks[0].function and Environments(service.blocks[0].function, Faults())
        self.machines: dict[int, int | None] = {}  # what each is at work for
        self.ends: list[tuple[float, int, int]] = []
        self.waiting: deque[int] = deque()
        self.found: dict[int, tuple[str, float]] = {}
        self.ordered = 0

    def scale(self, now: float, count: int) -> None:
        for _ in range(len(self.machines) - count):  # the youngest stop; what they do ends by itself
            del self.machines[max(self.machines)]
        for _ in range(count - len(self.machines)):
            self.machines[self.ordered] = None
            self.ordered += 1
        busy = sum(request is not None for request in self.machines.values())
        for _ in range(self.balancer.machines(0, count, busy=busy)):
            self.begin(now, self.waiting.popleft())

    def begin(self, now: float, request: int) -> None:
        machine = min(m for m, at in self.machines.items() if at is None)
        self.machines[machine] = request
        self.found[request] = ("machine", now)
        heappush(self.ends, (now + self.holds[request], machine, request))

    def advance(self, until: float) -> None:
        while self.ends and self.ends[0][0] <= until:
            now, machine, request = heappop(self.ends)
            if self.machines.get(machine) == request:
                self.machines[machine] = None
                if self.balancer.finished(0):
                    self.begin(now, self.waiting.popleft())

    def enter(self, now: float, request: int) -> None:
        place = self.balancer.enter(0, now)
        if place == "function" and self.function:
            if self.function.call(now, 1.0) is not None:
                self.found[request] = ("function", now)
                return
            place = self.balancer.refused(0)
        if place == "machine":
            self.begin(now, request)
        elif place == "wait":
            self.waiting.append(request)
        else:
            self.found[request] = ("lost", now)

    holds: list[float]


def in_pool(service: Service, times: np.ndarray, holds: list[float], plan: list[dict[str, Any]]) -> dict[int, Any]:
    """Where each request went and when it began, by the pool that the simulator uses."""
    pool = Pool(service.blocks[0], Faults(), None)
    found: dict[int, tuple[str, float]] = {}
    for step in plan:
        at, until = step["at"], step["at"] + 10.0
        pool.queue_max = step["queue_max"]
        pool.fleet.want({"vm": step["count"]}, at, Faults())
        mine = np.flatnonzero((times >= at) & (times < until))
        moments = times[mine].tolist()
        pool.arrive(mine.tolist(), moments, [[holds[i] for i in mine]], [1.0] * len(mine), step["within"](moments))
        pool.advance(until)
        found |= {int(mine[j]): ("machine", moments[j]) for j in pool.at_once[0]}
        found |= {number: ("machine", start) for number, start in zip(*pool.later[:2], strict=True)}
        found |= {int(mine[j]): ("function", moments[j]) for j in pool.called[0]}
        found |= {int(mine[moments.index(t)]): ("lost", t) for t in pool.lost["throttled"]}
        for part in (*pool.at_once, *pool.later, *pool.called, pool.lost["throttled"]):
            part.clear()
    return found


@pytest.mark.parametrize("seed", range(12))
def test_a_gateway_does_what_the_simulator_does(seed: int) -> None:
    """Counts, room to wait and quotas change every ten seconds; the function refuses the third at once."""
    rng = np.random.default_rng(seed)
    service = service_with(None if seed % 3 == 0 else FUNCTION)
    times, steps = np.sort(rng.random(400) * 60), 6
    holds = (rng.exponential(0.4, 400)).tolist()
    plan: list[dict[str, Any]] = []
    gateway = Gateway(service)
    gateway.holds = holds
    for k in range(steps):
        count, queue_max, most = int(rng.integers(0, 6)), int(rng.integers(0, 4)), int(rng.integers(0, 9))
        quota = seed % 3 == 2

        def within(moments: list[float], most: int = most, quota: bool = quota) -> list[bool] | None:
            before = [sum(math.floor(u) == math.floor(t) and u < t for u in moments) for t in moments]
            return [n < most for n in before] if quota else None

        at = 10.0 * k
        plan.append({"at": at, "count": count, "queue_max": queue_max, "within": within})
        gateway.advance(at)
        gateway.scale(at, count)
        gateway.balancer.follow(Orders(({},), (queue_max,), (((at, most),) if quota else None,)))
        for i in np.flatnonzero((times >= at) & (times < at + 10)):
            gateway.advance(float(times[i]))
            gateway.enter(float(times[i]), int(i))
    gateway.advance(10.0 * steps)
    expected = in_pool(service, times, holds, plan)
    assert gateway.found.keys() == expected.keys()
    assert all(gateway.found[i][0] == expected[i][0] for i in expected)
    assert [gateway.found[i][1] for i in expected] == pytest.approx([expected[i][1] for i in expected], abs=1e-9)


def test_one_rule_by_hand() -> None:
    """Machine, queue or function: each answer of the gateway is the one worked out by hand."""
    balancer = so.Balancer(service_with(FUNCTION))
    assert balancer.enter(0) == "function"  # no machine is there
    assert balancer.refused(0) is None
    assert balancer.machines(0, 0, starting=1) == 0
    balancer.follow(Orders(({},), (1,)))
    assert [balancer.enter(0), balancer.enter(0), balancer.refused(0)] == ["wait", "function", "wait"]
    assert balancer.machines(0, 1) == 1
    balancer.left(0)
    assert not balancer.finished(0)
    assert [balancer.enter(0), balancer.enter(0)] == ["machine", "wait"]
    assert balancer.finished(0)


def test_without_a_function_all_wait() -> None:
    """Where there is nothing but machines everyone waits for them."""
    balancer = so.Balancer(service_with())
    assert [balancer.enter(0) for _ in range(3)] == ["wait"] * 3
    assert balancer.machines(0, 2) == 2


def test_a_state_goes_on_from_json() -> None:
    """A gateway restarted from its state sends the next request where the old one would."""
    one, two = so.Balancer(service_with(FUNCTION)), so.Balancer(service_with(FUNCTION))
    one.machines(0, 2)
    one.follow(Orders(({},), (3,), (((0.0, 1), (5.0, 2)),)))
    assert [one.enter(0, 4.5), one.enter(0, 4.6), one.enter(0, 3.9)] == ["machine", "function", "function"]
    two.restore(json.loads(json.dumps(one.state(), allow_nan=False)))
    assert two.state() == one.state()
    assert [b.enter(0, 5.1) for b in (one, two)] == ["machine", "machine"]
    two.enter(0, 1.0)
    assert two.state()["blocks"][0]["second"] == 1  # the clock was put back


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"blocks": 3}, "blocks"),
        ({"service": "other"}, "service"),
        ({"blocks": [{}]}, "workers"),
        ({"blocks": [{"workers": -1}]}, "workers"),
        ({"blocks": [{"quota": [1]}]}, "quota"),
        ({"blocks": [{"busy": 1.5}]}, "busy"),
    ],
)
def test_damaged_states_are_refused_by_key(change: dict[str, Any], key: str) -> None:
    """A damaged state is refused naming its key, and leaves the gateway as it was."""
    balancer = so.Balancer(service_with())
    whole = balancer.state()
    blocks = change.get("blocks")
    if isinstance(blocks, list) and blocks[0]:
        change = {"blocks": [whole["blocks"][0] | blocks[0]]}
    with pytest.raises(so.InputError, match=key):
        balancer.restore(whole | change)
    assert balancer.state() == whole


def test_what_cannot_be_is_refused() -> None:
    """Ends without beginnings and counts below zero are refused: the count of workers would be wrong for ever."""
    balancer = so.Balancer(service_with())
    for call in (
        lambda: balancer.finished(0),
        lambda: balancer.left(0),
        lambda: balancer.machines(0, -1),
        lambda: balancer.machines(0, 1, busy=2),
        lambda: balancer.follow(Orders(({}, {}), (1, 1))),
        lambda: so.Balancer("service"),  # type: ignore[arg-type]
    ):
        with pytest.raises(so.InputError):
            call()
    balancer.follow(Orders(({},), (), (((0.0, 1),),)))
    with pytest.raises(so.InputError, match="now_s"):
        balancer.enter(0)


def test_threads_share_one() -> None:
    """Four threads on one gateway lose no worker and no waiting request."""
    balancer = so.Balancer(service_with(FUNCTION))
    balancer.machines(0, 3)
    balancer.follow(Orders(({},), (2,)))

    def work(_: int) -> int:
        begun = 0
        for _ in range(300):
            if balancer.enter(0) == "machine":
                begun += 1
                while balancer.finished(0):  # and of all that begin after it
                    begun += 1
        return begun

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(work, range(4))) > 0
    own = balancer.state()["blocks"][0]
    assert own["busy"] == 0
    assert own["waiting"] == 0
