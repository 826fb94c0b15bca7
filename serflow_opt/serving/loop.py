"""The control loop: takes measurements in, asks the controller, and gives orders out; all of it kept before it is said.

Called from one thread at a time. It has a clock of its own (`clock.py`), on which the controller's seconds are counted,
and decides on whole seconds that are over for a while, since measurements are on their way for some time.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from serflow_opt.errors import InputError, Problem
from serflow_opt.serving.clock import SteadyClock
from serflow_opt.serving.machine_counts import MachineCounts
from serflow_opt.serving.orders import document_of
from serflow_opt.serving.store import ServiceStore
from serflow_opt.traffic.control.journal import Event, EventJournal
from serflow_opt.traffic.demand.intake import DAY_S
from serflow_opt.traffic.scaling_policy import Seen

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from serflow_opt.serving.measurement import Measurement, RequestCounts
    from serflow_opt.traffic.control.controller import Controller

SETTLE_S = 2.0
"""Seconds after which a second is taken for measured."""
EARLY_S = 5.0
"""A stamp may be so many seconds ahead: clocks of two machines differ."""
HISTORY_S = 3600.0
"""Before anything was decided seconds so long ago are taken in, too."""
REPORTS = 3.0
"""A report of machines is believed for so many intervals, ..."""
REPORTS_S = 180.0
"""... and for so many seconds at least."""
STALE = 3.0
"""Orders are stale after so many intervals without a decision."""
MOST_SOURCES = 10_000
"""Sources whose last number is known; those unheard of for longest are forgotten."""
LONGEST_S = 2 * DAY_S
"""Of a gap that is longer only so much is told to the controller."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a measurement.

    Attributes
    ----------
    accepted, late
        Seconds of requests taken in, and those that came after they had been decided upon.
    repeated
        Whether it had been taken in before: nothing of it counts again.
    """

    accepted: int = 0
    late: int = 0
    repeated: bool = False


@dataclass(slots=True)
class LoopCounts:
    """What happened since the process began, for those who watch it."""

    measurements: int = 0
    repeated: int = 0
    late: int = 0
    early: int = 0
    decisions: int = 0
    decision_seconds: float = 0.0
    clock_jumps: int = 0
    store_failures: int = 0
    requests: list[float] = field(default_factory=list)


class ControlLoop:
    """A controller with its measurements, its clock and its store.

    Parameters
    ----------
    controller
        Of the service.
    store
        What was kept there is gone on from.
    clock
        None: one that goes on from what was kept.
    settle_s
        Seconds after which a second is decided upon.

    Raises
    ------
    InputError
        When what was kept is damaged, or of another service.
    """

    def __init__(
        self,
        controller: Controller,
        store: ServiceStore,
        clock: SteadyClock | None = None,
        settle_s: float = SETTLE_S,
    ) -> None:
        self.controller, self.store, self.settle_s = controller, store, settle_s
        self.service, self.every_s = controller.service, controller.every_s
        kept = store.kept("loop") or {}
        self.clock = SteadyClock(store.kept("clock")) if clock is None else clock
        self.machines = MachineCounts(self.service, max(REPORTS * self.every_s, REPORTS_S))
        self.counts = LoopCounts(requests=[0.0] * len(self.service.blocks))
        self.measured_s: float | None = None
        """When a measurement of requests was last taken in; None: none was."""
        self._journal = EventJournal()
        self._told: list[Event | None] = [None, None]
        self._until: int | None = kept.get("until_s")
        self._decided_s: float | None = kept.get("decided_s")
        self._number = int(kept.get("number", 0))
        self._sources = store.sources()
        self._throttled = [store.throttled().get(b, 0) for b in range(len(self.service.blocks))]
        self._pending: list[dict[int, float]] = [{} for _ in self.service.blocks]
        for b, second, requests in store.counts():
            self._pending[b][second] = requests
        self.orders = store.last_orders()
        if (state := store.kept("controller")) is not None:
            controller.restore(state)
        if (machines := store.kept("machines")) is not None:
            self.machines.restore(machines)

    @property
    def events(self) -> list[Event]:
        """What was noticed or done, by the controller and here, the latest last."""
        return sorted([*self.controller.events, *self._journal.events], key=lambda event: event.at_s)

    def news(self) -> list[Event]:
        """What was noticed or done since this was last asked, the latest last."""
        fresh: list[Event] = []
        for k, events in enumerate((self.controller.events, self._journal.events)):
            new = list(itertools.takewhile(lambda event, k=k: event is not self._told[k], reversed(events)))  # type: ignore[misc]
            fresh += reversed(new)
            self._told[k] = events[-1] if events else None
        return sorted(fresh, key=lambda event: event.at_s)

    @property
    def until_s(self) -> float | None:
        """Up to which second was decided, on the own clock; None: nothing was."""
        return self._until

    @property
    def due_s(self) -> float:
        """When to decide next, on the own clock."""
        return -math.inf if self._decided_s is None else self._decided_s + self.every_s

    @property
    def age_s(self) -> float | None:
        """Seconds since the last decision; None: there was none."""
        return None if self._decided_s is None else self.clock.now_s() - self._decided_s

    @property
    def stale(self) -> bool:
        """Whether decisions were missed."""
        age = self.age_s
        return age is None or age > STALE * self.every_s

    def take(self, measurements: Sequence[Measurement]) -> list[Receipt | InputError]:
        """Take measurements in, all in one commit.

        Returns
        -------
        list
            For each what became of it, or what is wrong with its stamps.

        Raises
        ------
        StoreError
            When nothing could be kept: none of them is taken in.
        """
        now = self.clock.now_s()
        self._look()
        new = _Taken(len(self.service.blocks))
        receipts: list[Receipt | InputError] = []
        for own in measurements:
            if own.number is not None and own.number <= new.sources.get(own.source, self._sources.get(own.source, -1)):
                receipts.append(Receipt(repeated=True))
                continue
            try:
                rows = [self._seconds(row, i, now) for i, row in enumerate(own.requests)]
            except InputError as error:
                receipts.append(error)
                continue
            receipts.append(new.add(own, rows))
        reports = self.machines.state() if new.machines else None
        for report in new.machines:
            self.machines.report(report, now)
        forgotten = list(self._sources)[: max(0, len(self._sources | new.sources) - MOST_SOURCES)]
        try:
            with self.store.transaction():
                self.store.add_counts(new.counts)
                self.store.add_throttled(new.throttled)
                self.store.keep_sources(new.sources, now)
                self.store.drop_sources(source for source in forgotten if source not in new.sources)
                if new.machines:
                    self.store.keep("machines", self.machines.state())
        except BaseException:
            if reports is not None:
                self.machines.restore(reports)
            self.counts.store_failures += 1
            raise
        self._apply(new, forgotten, receipts, now)
        return receipts

    def _apply(self, new: _Taken, forgotten: list[str], receipts: list[Receipt | InputError], now: float) -> None:
        """Know what is kept now."""
        for (b, second), requests in new.counts.items():
            self._pending[b][second] = self._pending[b].get(second, 0.0) + requests
            self.counts.requests[b] += requests
        for b, refused in new.throttled.items():
            self._throttled[b] += refused
        for source in forgotten:
            self._sources.pop(source, None)
        for source, number in new.sources.items():
            self._sources.pop(source, None)  # to the end: heard of last
            self._sources[source] = number
        if new.counts:
            self.measured_s = now
        for receipt in receipts:
            if isinstance(receipt, InputError):
                self.counts.early += 1
                self._note(str(receipt.problems[0]))
                continue
            self.counts.measurements += 1
            self.counts.repeated += receipt.repeated
            self.counts.late += receipt.late
            if receipt.late:
                self._note("seconds that had been decided upon came late and are left out")

    def decide(self) -> dict[str, Any]:
        """Ask the controller on the seconds that are over, and keep what it says.

        Raises
        ------
        StoreError
            When it could not be kept: all is as before.
        """
        started = self.clock.now_s()
        self._look()
        until = math.floor(started - self.settle_s)
        if self._until is not None:
            until = max(until, self._until)
        seen = Seen(
            float(until),
            tuple(self._counted(b, until) for b in range(len(self._pending))),
            self.machines.ready(started),
            self.machines.starting(started),
            self.machines.failed(),
            tuple(self._throttled),
        )
        reported = self.machines.reported(started)
        before, machines = self.controller.state(), self.machines.state()
        try:
            orders = self.controller.decide(seen)
            self.machines.want(orders.machines, started)
            document = document_of(
                self.service,
                orders,
                seen,
                number=self._number + 1,
                decided_at_s=self.clock.wall_s(started),
                reported=reported,
            )
            with self.store.transaction():
                self.store.keep("controller", self.controller.state())
                self.store.keep("machines", self.machines.state())
                kept = {"until_s": until, "decided_s": started, "number": self._number + 1}
                self.store.keep("loop", kept)
                self.store.keep("clock", [started, self.clock.offset_s])
                self.store.keep_orders(self._number + 1, document)
                self.store.drop_counts(until)
        except BaseException:
            self.controller.restore(before)
            self.machines.restore(machines)
            self.counts.store_failures += 1
            raise
        self._until, self._decided_s, self._number, self.orders = until, started, self._number + 1, document
        self._throttled = [0] * len(self._throttled)
        self._pending = [{s: x for s, x in own.items() if s >= until} for own in self._pending]
        self.counts.decisions += 1
        self.counts.decision_seconds = self.clock.now_s() - started
        return document

    def _counted(self, b: int, until: int) -> NDArray[np.float64]:
        """Requests of a block second by second up to a second, from where the last decision ended; NaN: not told."""
        own = self._pending[b]
        first = min((s for s in own if s < until), default=until) if self._until is None else self._until
        first = max(first, until - LONGEST_S)
        counts = np.full(max(0, until - first), np.nan)
        for second, requests in own.items():
            if first <= second < until:
                counts[second - first] = requests
        return counts

    def _seconds(self, row: RequestCounts, i: int, now: float) -> tuple[dict[int, float], int]:
        """Return requests of a row by second of the own clock, and how many seconds came late."""
        length = len(row.counts)
        first = self._until if self._until is not None else math.floor(now - HISTORY_S)
        if row.from_s is None:
            start = math.floor(now) - length
        else:
            end = self.clock.read(row.from_s + length, EARLY_S, now - first)
            start = round(end) - length
            if end > now + EARLY_S:
                found = f"{row.from_s:.10g} and {length} s are {end - now:.3g} s ahead of this clock"
                cure = "set the clocks, or leave it out: then the last whole seconds are meant"
                raise InputError([Problem("", f"requests[{i}].from_s", found, cure)])
        known = {start + k: float(x) for k, x in enumerate(row.counts) if x is not None}
        fresh = {second: x for second, x in known.items() if second >= first}
        return fresh, len(known) - len(fresh)

    def _look(self) -> None:
        """Look whether the wall clock was set."""
        jump = self.clock.look()
        if jump:
            self.counts.clock_jumps += 1
            how = "forward" if jump > 0 else "back"
            self._note(f"the clock of this machine was set {how} by {abs(jump):.10g} s; decisions go on as before")

    def _note(self, text: str) -> None:
        self._journal.note(self.clock.now_s(), None, text)


class _Taken:
    """What measurements add, before it is kept."""

    def __init__(self, blocks: int) -> None:
        self.counts: dict[tuple[int, int], float] = {}
        self.throttled: dict[int, int] = {}
        self.machines: list[Any] = []
        self.sources: dict[str, int] = {}

    def add(self, own: Measurement, rows: Sequence[tuple[dict[int, float], int]]) -> Receipt:
        """Add a measurement whose rows were read."""
        for row, (known, _) in zip(own.requests, rows, strict=True):
            for second, requests in known.items():
                self.counts[row.block, second] = self.counts.get((row.block, second), 0.0) + requests
        for b, refused in own.throttled:
            self.throttled[b] = self.throttled.get(b, 0) + refused
        self.machines += own.machines
        if own.number is not None:
            self.sources[own.source] = own.number
        return Receipt(sum(len(known) for known, _ in rows), sum(late for _, late in rows))
