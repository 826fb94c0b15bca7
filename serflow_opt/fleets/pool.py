"""Searches for the plans of services, here or in several processes; the time limit holds for all of them."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from concurrent.futures import BrokenExecutor, Executor, ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from functools import partial

from serflow_opt.fleets.service import Answer, Task, answer
from serflow_opt.search import Settings


class Searches:
    """Answers tasks; use it in a `with` statement."""

    def __init__(self, settings: Settings, jobs: int, executor: Executor | None = None) -> None:
        self.settings, self.jobs, self.executor = settings, jobs, executor
        self.began, self.count = time.monotonic(), 0
        self._open = ExitStack()

    def __enter__(self) -> Searches:
        """Start the processes."""
        if self.executor is None and self.jobs > 1:
            self.executor = self._open.enter_context(ProcessPoolExecutor(self.jobs))
        return self

    def __exit__(self, *_: object) -> None:
        """End the processes that were started here."""
        self._open.close()

    @property
    def left(self) -> float | None:
        """Seconds left; None: any number."""
        limit = self.settings.time_limit
        return None if limit is None else limit - (time.monotonic() - self.began)

    @property
    def over(self) -> bool:
        """Whether time has run out."""
        return self.left is not None and self.left <= 0

    def ask(self, tasks: Sequence[Task]) -> list[Answer]:
        """Answer tasks, in their order; those that time does not allow with nothing known."""
        settings = replace(self.settings, time_limit=self.left)
        if self.executor is not None and len(tasks) > 1:
            self.count += len(tasks)
            try:
                return list(self.executor.map(partial(answer, settings=settings), tasks))
            except BrokenExecutor:
                self.executor = None  # a worker was killed: what it had is done here
        answers = []
        for task in tasks:
            if self.over:
                answers.append(Answer(task, None, -math.inf))
                continue
            self.count += 1
            answers.append(answer(task, replace(self.settings, time_limit=self.left)))
        return answers
