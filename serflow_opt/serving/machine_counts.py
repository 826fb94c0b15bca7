"""Which machines there are: as they were reported, or, where nobody reports, as orders should have come to pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from serflow_opt.serving.measurement import MachineReport
from serflow_opt.traffic.demand import saved

if TYPE_CHECKING:
    from serflow_opt.traffic.service import Service


@dataclass(slots=True)
class TypeCounts:
    """Machines of a type in a block.

    Attributes
    ----------
    start_s
        From order to first request.
    assumed, starting
        Machines that should serve by now, and (when they should, how many) of those that should be starting.
    reported
        Last report, as (second, ready, starting); None: there was none.
    failed
        Starts that failed since the last decision.
    """

    start_s: float
    assumed: int = 0
    starting: list[tuple[float, int]] = field(default_factory=list)
    reported: tuple[float, int, int] | None = None
    failed: int = 0

    def advance(self, now_s: float) -> None:
        """Let machines that should be ready be ready."""
        self.assumed += sum(count for ready_s, count in self.starting if ready_s <= now_s)
        self.starting = [(ready_s, count) for ready_s, count in self.starting if ready_s > now_s]

    def want(self, count: int, now_s: float) -> None:
        """Take orders for carried out: those that start are stopped first, the youngest before others."""
        self.advance(now_s)
        have = self.assumed + sum(number for _, number in self.starting)
        if count > have:
            self.starting.append((now_s + self.start_s, count - have))
        while self.starting and have > count:
            ready_s, number = self.starting.pop()
            gone = min(number, have - count)
            have -= gone
            if number > gone:
                self.starting.append((ready_s, number - gone))
        self.assumed = min(self.assumed, count)


class MachineCounts:
    """Machines of all blocks.

    Parameters
    ----------
    service
        Says which types there are, and how long they take to start.
    believed_s
        Seconds for which a report is believed.
    """

    def __init__(self, service: Service, believed_s: float) -> None:
        self._believed_s = believed_s
        self._rows = [{m.name: TypeCounts(m.start_s) for m in block.machines} for block in service.blocks]

    def report(self, own: MachineReport, now_s: float) -> None:
        """Take in what somebody saw."""
        row = self._rows[own.block][own.name]
        row.reported = (now_s, own.ready, own.starting)
        row.failed += own.failed

    def reported(self, now_s: float) -> tuple[dict[str, bool], ...]:
        """By block and type, whether what is known is a report that is still believed."""
        return tuple({name: self._believed(own, now_s) for name, own in row.items()} for row in self._rows)

    def ready(self, now_s: float) -> tuple[dict[str, int], ...]:
        """Return the machines that serve, by block and type."""
        return tuple({name: self._counts(b, name, now_s)[0] for name in row} for b, row in enumerate(self._rows))

    def starting(self, now_s: float) -> tuple[dict[str, int], ...]:
        """Return those ordered but not yet serving, by block and type."""
        return tuple({name: self._counts(b, name, now_s)[1] for name in row} for b, row in enumerate(self._rows))

    def failed(self) -> tuple[dict[str, int], ...]:
        """Return the starts that failed since the last decision, by block and type."""
        return tuple({name: own.failed for name, own in row.items()} for row in self._rows)

    def want(self, machines: Sequence[Mapping[str, int]], now_s: float) -> None:
        """Take orders, and forget what failed before them."""
        for row, wanted in zip(self._rows, machines, strict=True):
            for name, own in row.items():
                own.want(wanted.get(name, 0), now_s)
                own.failed = 0

    def _believed(self, own: TypeCounts, now_s: float) -> bool:
        return own.reported is not None and own.reported[0] > now_s - self._believed_s

    def _counts(self, b: int, name: str, now_s: float) -> tuple[int, int]:
        row = self._rows[b][name]
        if row.reported is not None and self._believed(row, now_s):
            return row.reported[1:]
        row.advance(now_s)
        return row.assumed, sum(count for _, count in row.starting)

    def state(self) -> list[dict[str, Any]]:
        """Return all of it, to be written as JSON."""
        return [
            {
                name: {
                    "assumed": own.assumed,
                    "starting": [list(pair) for pair in own.starting],
                    "reported": None if own.reported is None else list(own.reported),
                    "failed": own.failed,
                }
                for name, own in row.items()
            }
            for row in self._rows
        ]

    def restore(self, state: Sequence[Mapping[str, Any]]) -> None:
        """Go on from a state of the same service.

        Raises
        ------
        InputError
            When it is of another, or damaged.
        """
        if len(state) != len(self._rows):
            raise saved.damaged("machines", f"{len(state)} blocks", f"of {len(self._rows)} blocks")
        for b, (row, own) in enumerate(zip(self._rows, state, strict=True)):
            for name, counts in row.items():
                place = f"machines[{b}].{name}."
                read = saved.mapping(saved.entry(own, name, f"machines[{b}]."), place)
                counts.assumed = saved.whole(read, "assumed", place, low=0)
                counts.failed = saved.whole(read, "failed", place, low=0)
                counts.starting = [(float(at), int(number)) for at, number in saved.entry(read, "starting", place)]
                last = saved.entry(read, "reported", place)
                counts.reported = None if last is None else (float(last[0]), int(last[1]), int(last[2]))
