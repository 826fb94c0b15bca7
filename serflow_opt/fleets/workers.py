"""Searches for the plans of services, here or in several processes; the time limit holds for all of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from concurrent.futures import BrokenExecutor, Executor
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import TypeVar

from serflow_opt.fleets.known_fronts import has_front, looked_up, whole_front
from serflow_opt.fleets.pricing import FleetService, PlanColumn, PricingOutcome, PricingTask, answer
from serflow_opt.ground.deadline import Deadline
from serflow_opt.ground.stopping import workers
from serflow_opt.search.outcome import SearchSettings

Item = TypeVar("Item")
Found = TypeVar("Found")


class Searches:
    """Answers tasks; use it in a `with` statement.

    Attributes
    ----------
    fronts
        All undominated plans of services, by number, where they are known: tasks of these are looked up.
    """

    def __init__(self, settings: SearchSettings, jobs: int, executor: Executor | None = None) -> None:
        self.settings, self.jobs, self.executor = settings, jobs, executor
        self.count = 0
        self.fronts: dict[int, list[PlanColumn]] = {}
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

    def find_fronts(self, services: Sequence[FleetService]) -> None:
        """Find the fronts of services that have them, as far as time allows."""
        those = [number for number, service in enumerate(services) if has_front(service)]
        one = partial(whole_front, settings=self.settings)
        found = self._each(one, [services[number] for number in those], lambda _: None)
        for number, front in zip(those, found, strict=True):
            if front is not None:
                self.fronts[number] = [replace(own, service=number) for own in front]

    def ask(self, tasks: Sequence[PricingTask]) -> list[PricingOutcome]:
        """Answer tasks, in their order; those that time does not allow with nothing known."""
        searched = iter(self._searched([task for task in tasks if task.number not in self.fronts]))
        fronts = self.fronts
        return [looked_up(t, fronts[t.number]) if t.number in fronts else next(searched) for t in tasks]

    def _searched(self, tasks: Sequence[PricingTask]) -> list[PricingOutcome]:
        one = partial(answer, settings=self.settings)
        return self._each(one, tasks, lambda task: PricingOutcome(task, None, -math.inf))

    def _each(
        self, one: Callable[[Item], Found], items: Sequence[Item], unknown: Callable[[Item], Found]
    ) -> list[Found]:
        """Do the same for each of some, in their order; `unknown` stands for what time does not allow."""
        if self.executor is not None and len(items) > 1:
            self.count += len(items)
            try:
                return list(self.executor.map(one, items))
            except BrokenExecutor:
                self.executor = None  # a worker was killed: what it had is done here
        found = []
        for item in items:
            if self.deadline.expired:
                found.append(unknown(item))
                continue
            self.count += 1
            found.append(one(item))
        return found
