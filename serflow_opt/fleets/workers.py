"""Searches for the plans of services, here or in several processes; the time limit holds for all of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import BrokenExecutor, Executor
from contextlib import ExitStack
from functools import partial

from serflow_opt.fleets.pricing import PricingOutcome, PricingTask, answer
from serflow_opt.ground.deadline import Deadline
from serflow_opt.ground.stopping import workers
from serflow_opt.search.outcome import SearchSettings


class Searches:
    """Answers tasks; use it in a `with` statement."""

    def __init__(self, settings: SearchSettings, jobs: int, executor: Executor | None = None) -> None:
        self.settings, self.jobs, self.executor = settings, jobs, executor
        self.count = 0
        self._open = ExitStack()

    def __enter__(self) -> Searches:
        """Start the processes."""
        if self.executor is None and self.jobs > 1:
            self.executor = self._open.enter_context(workers(self.jobs))
        return self

    def __exit__(self, *_: object) -> None:
        """End the processes that were started here."""
        self._open.close()

    @property
    def deadline(self) -> Deadline:
        """When all ends."""
        return self.settings.deadline

    def ask(self, tasks: Sequence[PricingTask]) -> list[PricingOutcome]:
        """Answer tasks, in their order; those that time does not allow with nothing known."""
        if self.executor is not None and len(tasks) > 1:
            self.count += len(tasks)
            try:
                return list(self.executor.map(partial(answer, settings=self.settings), tasks))
            except BrokenExecutor:
                self.executor = None  # a worker was killed: what it had is done here
        answers = []
        for task in tasks:
            if self.deadline.expired:
                answers.append(PricingOutcome(task, None, -math.inf))
                continue
            self.count += 1
            answers.append(answer(task, self.settings))
        return answers
