"""The witness: a job told round by round and life by life; shares no code with menu and model."""

from __future__ import annotations

import math
from dataclasses import dataclass

from serflow_opt.families.job.problem import Channel, Job, JobOption, JobPlan
from serflow_opt.families.protocol import Valued
from serflow_opt.ground.tolerances import ROUNDING, TOLERANCE
from serflow_opt.plan.document import Breach


@dataclass(slots=True)
class JobAccount:
    """Where time and money of a job go.

    Attributes
    ----------
    start_s, load_s, compute_s, exchange_s, restart_s, handover_s
        They add up to the time of the job. Of a job in turn, what functions do while machines boot counts with them.
    workers_usd, calls_usd, requests_usd, channel_usd
        They add up to its cost.
    restarts
        Of each function.
    """

    start_s: float = 0.0
    load_s: float = 0.0
    compute_s: float = 0.0
    exchange_s: float = 0.0
    restart_s: float = 0.0
    handover_s: float = 0.0
    workers_usd: float = 0.0
    calls_usd: float = 0.0
    requests_usd: float = 0.0
    channel_usd: float = 0.0
    restarts: int = 0
    rounds: int = 0
    breach: Breach | None = None

    @property
    def time(self) -> float:
        """Seconds from the order to the end."""
        parts = (self.start_s, self.load_s, self.compute_s, self.exchange_s, self.restart_s, self.handover_s)
        return math.fsum(parts)

    @property
    def cost(self) -> float:
        """USD."""
        return math.fsum((self.workers_usd, self.calls_usd, self.requests_usd, self.channel_usd))


class JobTeller:
    """What a plan's workers do, one after the other."""

    def __init__(self, job: Job, plan: JobPlan) -> None:
        self.job, self.plan, self.w = job, plan, job.workers[plan.workers]
        self.channel, algorithm = job.channels[plan.channel], job.algorithms[plan.algorithm]
        more = job.asynchronous if plan.pattern == "asynchronous" else 1.0
        self.rounds = math.ceil(algorithm.rounds[plan.workers] * more * (1 - ROUNDING))
        self.work_s = algorithm.passes[plan.workers] * more * job.pass_s / self.rounds / self.w
        self.account = JobAccount(rounds=self.rounds)

    def started(self, option: JobOption, workers: float) -> float:
        """Seconds until so many have started."""
        before, (last, seconds) = option.starts[0], option.starts[-1]
        for number, after in option.starts:
            if workers <= number:
                if number == before[0]:
                    return after
                return before[1] + (after - before[1]) * (workers - before[0]) / (number - before[0])
            before = (number, after)
        return seconds if workers >= last else before[1]

    def loading(self, option: JobOption, size: float) -> float:
        """Seconds in which a worker gets so much from the store of the data, or brings it there."""
        return size / min(self.job.store_bytes_per_s, option.bytes_per_s) + self.job.store_latency_s

    def exchanging(self, option: JobOption) -> float:
        """Seconds of a round's exchange, step by step."""
        job, channel, w = self.job, self.channel, self.w
        if w == 1:
            return 0.0
        speed = min(channel.bytes_per_s, option.bytes_per_s)
        whole, part = (size / speed + channel.latency_s for size in (job.model_bytes, job.model_bytes / w))
        if channel.kind == "server":
            each = min(option.bytes_per_s, channel.bytes_per_s / w)
            return job.model_bytes / each + job.model_bytes / each + channel.latency_s
        if self.plan.pattern == "allreduce":
            # all write at once; one reads the others' and writes the sum; all read it at once
            return whole + (w - 1) * whole + whole + whole
        if self.plan.pattern == "scatterreduce":
            # each writes parts for the others, reads those for it, writes its sum, reads the others' sums
            return (w - 1) * part + (w - 1) * part + part + (w - 1) * part
        if self.plan.pattern == "ring":
            hop = job.model_bytes / w / option.bytes_per_s + option.latency_s
            return (w - 1) * hop + (w - 1) * hop
        return whole + whole

    def paying(self) -> float:
        """USD of a round's requests; an item that is too large is a breach."""
        channel, w, m = self.channel, self.w, self.job.model_bytes
        if channel.kind != "store" or w == 1:
            return 0.0
        size, writes, reads = m, w, w
        if self.plan.pattern == "allreduce":
            writes, reads = w + 1, w + (w - 1)
        elif self.plan.pattern == "scatterreduce":
            size, writes, reads = m / w, w * (w - 1) + w, w * (w - 1) + w * (w - 1)
        if size > channel.item_max * (1 + TOLERANCE):
            excess = size / channel.item_max - 1
            self.account.breach = Breach(limit="item_bytes_max", value=size, bound=channel.item_max, excess=excess)
        return writes * _units(size, channel.write_unit) * channel.usd_per_write + reads * _units(
            size, channel.read_unit
        ) * (channel.usd_per_read)

    def held(self, option: JobOption) -> None:
        """Note where a worker's memory is too small."""
        needs = self.job.data_bytes / self.w + self.job.memory_copies * self.job.model_bytes
        if needs > option.memory_bytes * (1 + TOLERANCE):
            excess = needs / option.memory_bytes - 1
            self.account.breach = Breach(limit="memory", value=needs, bound=option.memory_bytes, excess=excess)

    def worked(self, option: JobOption, rounds: int) -> None:
        """Add rounds."""
        self.account.compute_s += rounds * self.work_s / option.speed
        self.account.exchange_s += rounds * self.exchanging(option)

    def lives(self, option: JobOption, rounds: int) -> list[tuple[int, float]]:
        """Rounds of each life of a function, and the seconds it works, one after the other until all are done."""
        data, saved = self.loading(option, self.job.data_bytes / self.w), self.loading(option, self.job.model_bytes)
        step = self.work_s / option.speed + self.exchanging(option)
        told: list[tuple[int, float]] = []
        left = rounds
        while True:
            begins = data + (saved if told else 0.0)
            if begins + left * step <= option.life_s * (1 + ROUNDING):
                return [*told, (left, begins + left * step)]
            done = math.floor((option.life_s - begins - saved) / step * (1 + ROUNDING))
            if done < 1:
                excess = (begins + step + saved) / option.life_s - 1
                longest = begins + step + saved
                self.account.breach = Breach(limit="life", value=longest, bound=option.life_s, excess=excess)
                return [(left, begins + left * step)]
            told.append((done, begins + done * step + saved))
            left -= done


def _units(size: float, unit: float) -> int:
    return 1 if math.isinf(unit) else max(math.ceil(size / unit * (1 - ROUNDING)), 1)


def account(job: Job, plan: JobPlan) -> JobAccount:
    """Tell where time and money of a plan go.

    Parameters
    ----------
    job, plan
        What was decided of what.
    """
    tell = JobTeller(job, plan)
    function = None if plan.function < 0 else job.options[plan.function]
    machine = None if plan.machine < 0 else job.options[plan.machine]
    if function is not None and machine is not None:
        _in_turn(tell, function, machine)
    elif function is not None:
        _functions(tell, function)
    elif machine is not None:
        _machines(tell, machine)
    tell.account.requests_usd += tell.rounds * tell.paying()
    return tell.account


def _functions(tell: JobTeller, option: JobOption) -> None:
    job, own, channel, w = tell.job, tell.account, tell.channel, tell.w
    tell.held(option)
    lives = tell.lives(option, tell.rounds)
    again = len(lives) - 1
    own.restarts = again
    own.start_s = max(tell.started(option, w), channel.start_s)
    own.load_s = tell.loading(option, job.data_bytes / w)
    tell.worked(option, tell.rounds)
    both = 2 * tell.loading(option, job.model_bytes)
    own.restart_s = again * (tell.started(option, 1) + own.load_s + both)
    own.workers_usd = w * math.fsum(own_s for _, own_s in lives) * option.usd_per_s
    own.calls_usd = w * len(lives) * option.usd_per_call
    own.requests_usd = w * (len(lives) * job.usd_per_read + again * (job.usd_per_write + job.usd_per_read))
    own.channel_usd = _rented(channel, own, own.start_s)


def _machines(tell: JobTeller, option: JobOption) -> None:
    job, own, channel, w = tell.job, tell.account, tell.channel, tell.w
    tell.held(option)
    boot = tell.started(option, w)
    own.start_s = max(boot, channel.start_s)
    own.load_s = tell.loading(option, job.data_bytes / w)
    tell.worked(option, tell.rounds)
    own.workers_usd = w * option.usd_per_s * max(own.time - own.start_s + boot, option.billed_min_s)
    own.requests_usd = w * job.usd_per_read
    own.channel_usd = _rented(channel, own, own.start_s)


def _rented(channel: Channel, own: JobAccount, ready: float) -> float:
    """Rent of a channel that is ready when the workers are."""
    return channel.usd_per_s * (channel.start_s + own.time - ready)


def _in_turn(tell: JobTeller, function: JobOption, machine: JobOption) -> None:
    """Functions work while machines boot, and write the model down for them."""
    job, plan, own, channel, w = tell.job, tell.plan, tell.account, tell.channel, tell.w
    tell.held(function)
    tell.held(machine)
    if not 1 <= plan.first_rounds < tell.rounds:
        excess = 1.0
        own.breach = Breach(limit="first_rounds", value=plan.first_rounds, bound=tell.rounds - 1, excess=excess)
    own.start_s = max(tell.started(function, w), channel.start_s)
    own.load_s = tell.loading(function, job.data_bytes / w)
    tell.worked(function, plan.first_rounds)
    saves = tell.loading(function, job.model_bytes)
    busy = own.load_s + own.compute_s + own.exchange_s + saves
    if busy > function.life_s * (1 + TOLERANCE):
        own.breach = Breach(limit="life", value=busy, bound=function.life_s, excess=busy / function.life_s - 1)
    there = tell.started(machine, w) + tell.loading(machine, job.data_bytes / w)
    waits = max(there - own.start_s - busy, 0.0)
    own.handover_s = saves + waits + tell.loading(machine, job.model_bytes)
    tell.worked(machine, tell.rounds - plan.first_rounds)
    own.workers_usd = w * function.usd_per_s * busy + w * machine.usd_per_s * max(own.time, machine.billed_min_s)
    own.calls_usd = w * function.usd_per_call
    own.requests_usd = w * (job.usd_per_read * 3 + job.usd_per_write)  # data twice, and the model there and back
    own.channel_usd = _rented(channel, own, own.start_s)


def value(job: Job, plan: JobPlan) -> Valued:
    """Value a plan exactly.

    Parameters
    ----------
    job, plan
        What was decided of what.
    """
    told = account(job, plan)
    used = float(job.workers[plan.workers]) if plan.function >= 0 else 0.0
    breaches = () if told.breach is None else (told.breach,)
    return Valued({"time": told.time, "cost": told.cost, "functions": used}, breaches)
