"""A service under traffic by one global queue of events, slow and plain; shares no code with the package.

Only its data structures are read: `Service` and what is in it, `Seen` and `Orders`. Requests are given: when each is
sent, at which stage it leaves, and how long each option of each block takes for it.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from serflow_opt.traffic.scaling_policy import Orders, ScalingPolicy, Seen
from serflow_opt.traffic.service import Block, Function, Machine, Service

FREED, LATE, DECIDE, WARM, ARRIVE = range(5)  # what comes first of what happens at one moment


@dataclass
class Vm:
    number: int
    type: Machine
    ordered: float
    ready: float
    stopped: float = math.inf
    busy_until: list[float] = field(default_factory=list)  # of workers at work
    last: float = 0.0
    served: int = 0


@dataclass
class Call:
    number: int
    arrived: float
    cold: bool
    billed: float
    usd: float


@dataclass
class State:
    """A block."""

    block: Block
    vms: list[Vm] = field(default_factory=list)
    waiting: list[tuple[float, int]] = field(default_factory=list)
    environments: list[float] = field(default_factory=list)  # when each is, or was, done
    calls: list[Call] = field(default_factory=list)
    entered: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    failed: dict[str, int] = field(default_factory=dict)
    work: list[tuple[float, float]] = field(default_factory=list)  # from when to when a worker was held
    queue_max: int = 0
    quota: tuple[tuple[float, int], ...] | None = None
    kept: int = 0
    due: float = math.inf  # when environments are called next to keep them warm
    warm: list[Call] = field(default_factory=list)


@dataclass
class Found:
    """What the simulation found."""

    done: dict[int, float]
    dropped: dict[int, str]
    states: list[State]
    seen: list[Seen]
    errors: list[float]
    horizon: float

    def billed(self, vm: Vm) -> float:
        """Seconds billed."""
        end = max(vm.last, vm.stopped if vm.stopped < math.inf else self.horizon)
        return max(vm.type.billing_min_s, end - vm.ordered)


class SlowSimulator:
    """See the module."""

    def __init__(
        self,
        service: Service,
        times: Sequence[float],
        exits: Sequence[int],
        seconds: Callable[[int, Machine | Function, int], float],
        policy: ScalingPolicy,
        horizon: float,
        timeout: float | None = None,
        no_start: Sequence[tuple[str, float, float]] = (),
        throttle: Sequence[tuple[float, float, int]] = (),
    ) -> None:
        self.service, self.times, self.exits, self.seconds = service, times, exits, seconds
        self.policy, self.horizon, self.timeout = policy, horizon, timeout
        self.no_start, self.throttle = no_start, throttle
        self.states = [State(block) for block in service.blocks]
        self.events: list[tuple[float, int, int, int]] = []  # moment, what, block, machine or request
        self.done: dict[int, float] = {}
        self.dropped: dict[int, str] = {}
        self.seen: list[Seen] = []
        self.errors: list[float] = []
        self.orders: Orders | None = None
        self.before = 0.0

    def run(self) -> Found:
        for number, sent in enumerate(self.times):
            heapq.heappush(self.events, (sent + self.service.blocks[0].hop_s, ARRIVE, 0, number))
        k = 0
        while k * self.policy.every_s < self.horizon:
            heapq.heappush(self.events, (k * self.policy.every_s, DECIDE, 0, 0))
            k += 1
        while self.events:
            now, what, b, number = heapq.heappop(self.events)
            state = self.states[b]
            if what == FREED:
                vm = state.vms[number]
                for end in vm.busy_until:
                    if end == now:
                        vm.busy_until.remove(end)
                        break
                while state.waiting and self.free(vm, now):
                    self.start(b, vm, state.waiting.pop(0)[1], now)
            elif what == LATE:
                if any(waiting == number for _, waiting in state.waiting):
                    state.waiting = [entry for entry in state.waiting if entry[1] != number]
                    self.dropped[number] = "timeout"
            elif what == DECIDE:
                self.decide(now)
            elif what == WARM:
                if state.kept and state.due == now:
                    self.keep_warm(b, now)
            else:
                self.arrive(b, number, now)
        for state in self.states:
            for _, number in state.waiting:
                self.dropped[number] = "no machine"
        return Found(self.done, self.dropped, self.states, self.seen, self.errors, self.horizon)

    def free(self, vm: Vm, now: float) -> bool:
        return vm.ready <= now and vm.stopped == math.inf and len(vm.busy_until) < vm.type.workers

    def outcome(self, b: int, number: int) -> int:
        block = self.service.blocks[b]
        return min(self.exits[number], block.last + 1) - block.first

    def start(self, b: int, vm: Vm, number: int, now: float) -> None:
        state, seconds = self.states[b], self.seconds(b, vm.type, number)
        hold = seconds
        if vm.type.sends and self.exits[number] > state.block.last:
            hold = seconds + self.service.blocks[b + 1].hop_s
        vm.busy_until.append(now + hold)
        vm.last = max(vm.last, now + hold)
        vm.served += 1
        state.work.append((now, now + hold))
        heapq.heappush(self.events, (now + hold, FREED, b, vm.number))
        self.finish(b, number, now + seconds)

    def finish(self, b: int, number: int, end: float) -> None:
        if self.exits[number] > self.service.blocks[b].last:
            heapq.heappush(self.events, (end + self.service.blocks[b + 1].hop_s, ARRIVE, b + 1, number))
        else:
            self.done[number] = end

    def arrive(self, b: int, number: int, now: float) -> None:
        state = self.states[b]
        place = sum(math.floor(moment) == math.floor(now) for moment in state.entered)
        state.entered.append(now)
        free = [vm for vm in state.vms if self.free(vm, now)]
        there = [vm for vm in state.vms if vm.stopped == math.inf]
        if state.block.function is None:
            to_function = False
        elif state.quota is not None:
            most = 0
            for start, allowed in state.quota:
                if start <= now:
                    most = allowed
            to_function = place >= most or not there
        else:
            to_function = not free and (len(state.waiting) >= state.queue_max or not there)
        if to_function:
            if self.call(b, number, now):
                return
            state.refused.append(now)
            if not there:
                self.dropped[number] = "throttled"
                return
        if free:
            self.start(b, free[0], number, now)
        else:
            state.waiting.append((now, number))
            if self.timeout is not None:
                heapq.heappush(self.events, (now + self.timeout, LATE, b, number))

    def keep_warm(self, b: int, now: float) -> None:
        state, function = self.states[b], self.service.blocks[b].function
        assert function is not None
        for _ in range(state.kept):
            own = self.reach(b, 0.001 if function.named or state.kept == 1 else 0.1, now)
            if own is not None:
                state.warm.append(own)
        state.due = now + 0.8 * function.keep_alive_s
        if state.due < self.horizon:
            heapq.heappush(self.events, (state.due, WARM, b, 0))

    def call(self, b: int, number: int, now: float) -> bool:
        state, function = self.states[b], self.service.blocks[b].function
        assert function is not None
        seconds = self.seconds(b, function, number)
        own = self.reach(b, seconds, now)
        if own is None:
            return False
        own.number = number
        state.calls.append(own)
        self.finish(b, number, now + (seconds + own.cold * function.cold_start_s))
        return True

    def reach(self, b: int, seconds: float, now: float) -> Call | None:
        """Call the function."""
        state, function = self.states[b], self.service.blocks[b].function
        assert function is not None
        limits = [] if function.concurrency_max is None else [function.concurrency_max]
        limits += [limit for start, end, limit in self.throttle if start <= now < end]
        if limits and sum(done > now for done in state.environments) >= min(limits):
            return None
        warm = [done for done in state.environments if done <= now and now - done <= function.keep_alive_s]
        if warm:
            state.environments.remove(max(warm))
        else:
            seconds = seconds + function.cold_start_s
        state.environments.append(now + seconds)
        billed = seconds
        if function.billing_step_s:
            billed = math.ceil(seconds / function.billing_step_s - 1e-9) * function.billing_step_s
        usd = function.usd_per_request + function.usd_per_s * billed
        return Call(-1, now, not warm, billed, usd)

    def decide(self, now: float) -> None:
        def count(state: State, starting: bool) -> dict[str, int]:
            names = [machine.name for machine in state.block.machines]
            there = [vm for vm in state.vms if vm.stopped == math.inf and (vm.ready > now) == starting]
            return {name: sum(vm.type.name == name for vm in there) for name in names}

        def counts(state: State) -> np.ndarray:
            first = math.floor(self.before)
            found = np.zeros(math.ceil(now) - first, np.int64)
            for moment in state.entered:
                if self.before <= moment < now:
                    found[math.floor(moment) - first] += 1
            return found

        seen = Seen(
            now,
            tuple(counts(state) for state in self.states),
            tuple(count(state, False) for state in self.states),
            tuple(count(state, True) for state in self.states),
            tuple(dict(state.failed) or {m.name: 0 for m in state.block.machines} for state in self.states),
            tuple(sum(self.before <= moment < now for moment in state.refused) for state in self.states),
        )
        self.seen.append(seen)
        self.before = now
        try:
            self.orders = self.policy.decide(seen)
        except RuntimeError:
            self.errors.append(now)
        if self.orders is None:
            return
        for b, state in enumerate(self.states):
            state.queue_max = self.orders.queue_max[b] if self.orders.queue_max else 0
            state.quota = self.orders.quota[b] if self.orders.quota else None
            kept = self.orders.keep_warm[b] if self.orders.keep_warm else 0
            if kept > state.kept:
                state.due = now
                heapq.heappush(self.events, (now, WARM, b, 0))
            elif kept == 0:
                state.due = math.inf
            state.kept = kept
            for machine in state.block.machines:
                self.set_number(b, machine, self.orders.machines[b].get(machine.name, 0), now)

    def set_number(self, b: int, machine: Machine, wanted: int, now: float) -> None:
        state = self.states[b]
        there = [vm for vm in state.vms if vm.type.name == machine.name and vm.stopped == math.inf]
        state.failed[machine.name] = 0
        while len(there) > wanted:
            starting = [vm for vm in there if vm.ready > now]
            youngest = max(starting or there, key=lambda vm: vm.number)
            youngest.stopped = now
            there.remove(youngest)
        for _ in range(wanted - len(there)):
            down = any(name == machine.name and start <= now < end for name, start, end in self.no_start)
            if down or (machine.machines_max is not None and len(there) >= machine.machines_max):
                state.failed[machine.name] += 1
                continue
            vm = Vm(len(state.vms), machine, now, now + machine.start_s)
            state.vms.append(vm)
            there.append(vm)
            heapq.heappush(self.events, (vm.ready, FREED, b, vm.number))
