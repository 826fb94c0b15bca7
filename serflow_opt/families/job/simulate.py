"""A job worker by worker and step by step: who waits for whom in each exchange, and what stragglers cost.

Steps are those that the witness names; here each worker has its own, and whoever exchanges waits for whom it takes
from. Functions and machines are paid until the last of them is done.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.families.events.graph import Steps
from serflow_opt.families.events.run import last_path
from serflow_opt.families.job.evaluate import JobAccount, JobTeller, account
from serflow_opt.families.job.problem import Job, JobOption, JobPlan

if TYPE_CHECKING:
    from serflow_opt.families.events.run import Ran
    from serflow_opt.ground.arrays import Floats

PARTS = ("start", "load", "compute", "exchange", "restart", "handover")
START, LOAD, COMPUTE, EXCHANGE, RESTART, HANDOVER = range(len(PARTS))


class JobSteps:
    """The steps of a plan.

    Attributes
    ----------
    steps, planned, parts
        Of `SteppedPlan`.
    hands_over
        Steps after which functions are done and machines go on; empty: one kind does all.
    """

    def __init__(self, job: Job, plan: JobPlan) -> None:
        self.job, self.tell, self.steps = job, JobTeller(job, plan), Steps()
        self._account = account(job, plan)
        self.planned = self._account.time, self._account.cost
        self.parts = [(name, getattr(self._account, f"{name}_s")) for name in PARTS]
        self.function = None if plan.function < 0 else job.options[plan.function]
        self.machine = None if plan.machine < 0 else job.options[plan.machine]
        self.hands_over: list[int] = []
        self.first_rounds = plan.first_rounds
        option = self.function or self.machine
        assert option is not None
        tell, w = self.tell, self.tell.w
        ready = max(tell.started(option, w), tell.channel.start_s)
        start = self.steps.add(START, ready)
        self.started = ready
        heads = [self.steps.add(LOAD, self._data(option), [start]) for _ in range(w)]
        if self.function is not None and self.machine is not None:
            heads = self._rounds(self.function, plan.first_rounds, heads)
            heads = self.hands_over = [self.steps.add(HANDOVER, self._model(option), [own]) for own in heads]
            boot = self.steps.add(START, tell.started(self.machine, w))
            there = [self.steps.add(LOAD, self._data(self.machine), [boot]) for _ in range(w)]
            heads = [
                self.steps.add(HANDOVER, self._model(self.machine), [a, b]) for a, b in zip(heads, there, strict=True)
            ]
            self._rounds(self.machine, tell.rounds - plan.first_rounds, heads)
            return
        lives = tell.lives(option, tell.rounds) if option.is_function else [(tell.rounds, 0.0)]
        for n, (rounds, _) in enumerate(lives):
            if n:
                again = tell.started(option, 1) + self._data(option) + 2 * self._model(option)
                heads = [self.steps.add(RESTART, again, [own]) for own in heads]
            heads = self._rounds(option, rounds, heads)
        self.lives = len(lives)

    def _data(self, option: JobOption) -> float:
        return self.tell.loading(option, self.job.data_bytes / self.tell.w)

    def _model(self, option: JobOption) -> float:
        return self.tell.loading(option, self.job.model_bytes)

    def _rounds(self, option: JobOption, rounds: int, heads: Sequence[int]) -> list[int]:
        """So many rounds; return each worker's last step."""
        found = list(heads)
        for _ in range(rounds):
            done = [self.steps.add(COMPUTE, self.tell.work_s / option.speed, [own]) for own in found]
            found = done if self.tell.w == 1 else self._exchange(option, done)
        return found

    def _exchange(self, option: JobOption, done: list[int]) -> list[int]:
        """What each worker does once it has computed, and whom it waits for."""
        tell, job, add, w = self.tell, self.job, self.steps.add, self.tell.w
        channel, pattern = tell.channel, tell.plan.pattern
        speed = min(channel.bytes_per_s, option.bytes_per_s)
        whole, part = (size / speed + channel.latency_s for size in (job.model_bytes, job.model_bytes / w))
        if pattern == "asynchronous":  # nobody waits: the model there and back
            there_and_back = self.tell.exchanging(option)
            return [add(EXCHANGE, there_and_back, [own]) for own in done]
        if pattern == "allreduce":
            written = [add(EXCHANGE, whole, [own]) for own in done]
            head = written[0]
            for own in written[1:]:
                head = add(EXCHANGE, whole, [head, own])
            total = add(EXCHANGE, whole, [head])
            return [total, *(add(EXCHANGE, whole, [total]) for _ in done[1:])]
        if pattern == "scatterreduce":
            written = [add(EXCHANGE, (w - 1) * part, [own]) for own in done]
            all_there = self.steps.all_of(EXCHANGE, written)
            merged = [add(EXCHANGE, (w - 1) * part + part, [all_there]) for _ in done]
            all_merged = self.steps.all_of(EXCHANGE, merged)
            return [add(EXCHANGE, (w - 1) * part, [all_merged]) for _ in done]
        if pattern == "ring":
            hop = job.model_bytes / w / option.bytes_per_s + option.latency_s
            all_there = self.steps.all_of(EXCHANGE, done)
            return [add(EXCHANGE, 2 * (w - 1) * hop, [all_there]) for _ in done]
        one_way = job.model_bytes / min(option.bytes_per_s, channel.bytes_per_s / w)
        sent = [add(EXCHANGE, one_way, [own]) for own in done]
        merged_there = self.steps.all_of(EXCHANGE, sent)
        return [add(EXCHANGE, one_way + channel.latency_s, [merged_there]) for _ in done]

    def usd(self, ran: Ran, seconds: Floats) -> float:
        """Return what the plan costs, with what hangs on how long it takes as it was."""
        return self._account.cost + self.paid(ran.finishes) - self.planned_paid(self._account)

    def part_seconds(self, ran: Ran, seconds: Floats) -> Floats:
        """Return where time goes on the path that ends last."""
        return np.array(last_path(ran, seconds, self.steps.part, len(PARTS)))

    def paid(self, finishes: Floats) -> float:
        """USD that hang on how long it takes: workers until the last is done, and the channel."""
        end, w = float(finishes.max()), self.tell.w
        cost = self.tell.channel.usd_per_s * end
        if self.function is not None and self.machine is not None:
            first = float(finishes[self.hands_over].max())
            cost += w * self.function.usd_per_s * first
            return cost + w * self.machine.usd_per_s * max(end, self.machine.billed_min_s)
        if self.function is not None:
            return cost + w * self.function.usd_per_s * end
        assert self.machine is not None
        boot = self.tell.started(self.machine, w)
        return cost + w * self.machine.usd_per_s * max(end - self.started + boot, self.machine.billed_min_s)

    def planned_paid(self, planned: JobAccount) -> float:
        """The same, of the plan."""
        finishes = np.full(len(self.steps.seconds), planned.time)
        if self.hands_over:
            assert self.function is not None
            step = self.tell.work_s / self.function.speed + self.tell.exchanging(self.function)
            first = self.first_rounds
            finishes[self.hands_over] = planned.start_s + planned.load_s + first * step + self._model(self.function)
        return self.paid(finishes)
