"""What is pushed: requests by second, machines, and what went wrong; checked whole before any of it is used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from serflow_opt.errors import InputError, Problem, nearest
from serflow_opt.traffic.demand.intake import IMPOSSIBLE

if TYPE_CHECKING:
    from serflow_opt.traffic.service import Service

MOST_SECONDS = 3600
"""Seconds in one row of counts."""
MOST_ROWS = 1000
"""Rows of one kind in a measurement."""
MOST_MACHINES = 1_000_000
LAST_STAMP_S = 4e11
"""No clock shows more: the year 14,645. Milliseconds taken for seconds are far beyond."""

Count = Annotated[float, Field(ge=0, le=IMPOSSIBLE, allow_inf_nan=False)]
Whole = Annotated[int, Field(ge=0, le=MOST_MACHINES)]
BlockNumber = Annotated[int, Field(ge=1)]


class MeasurementTable(BaseModel):
    """What all tables of a measurement have in common: no other keys, and no words for numbers."""

    model_config = ConfigDict(extra="forbid", strict=True)


class RequestsTable(MeasurementTable):
    """Requests that entered a block, second by second from a moment on; null: not known."""

    block: BlockNumber | None = None
    from_s: Annotated[float, Field(ge=0, le=LAST_STAMP_S, allow_inf_nan=False)] | None = None
    counts: list[Count | None] = Field(min_length=1, max_length=MOST_SECONDS)


class MachinesTable(MeasurementTable):
    """Machines of a type in a block: all there are now, and starts that failed since this was last told."""

    block: BlockNumber | None = None
    type: str | None = None
    ready: Whole
    starting: Whole = 0
    failed: Whole = 0


class ThrottledTable(MeasurementTable):
    """Requests that the function of a block refused since this was last told."""

    block: BlockNumber | None = None
    count: Annotated[int, Field(ge=0, le=int(IMPOSSIBLE))]


class MeasurementTables(MeasurementTable):
    """A measurement as it is sent."""

    source: str = Field(default="", max_length=200)
    number: Annotated[int, Field(ge=0, lt=2**53)] | None = None
    requests: list[RequestsTable] = Field(default_factory=list, max_length=MOST_ROWS)
    machines: list[MachinesTable] = Field(default_factory=list, max_length=MOST_ROWS)
    throttled: list[ThrottledTable] = Field(default_factory=list, max_length=MOST_ROWS)


@dataclass(frozen=True, slots=True)
class RequestCounts:
    """Requests of a block by second; `from_s` None: the last whole seconds."""

    block: int
    from_s: float | None
    counts: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class MachineReport:
    """Machines of a type in a block."""

    block: int
    name: str
    ready: int
    starting: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class Measurement:
    """A measurement that fits the service; blocks are positions.

    Attributes
    ----------
    source, number
        Who sends, and which of its measurements it is, counted up: a number that is not above the last one of its
        source comes a second time. None: every one counts.
    requests, machines
        Rows of them.
    throttled
        Requests refused by the function, by block.
    """

    source: str = ""
    number: int | None = None
    requests: tuple[RequestCounts, ...] = ()
    machines: tuple[MachineReport, ...] = ()
    throttled: tuple[tuple[int, int], ...] = ()


def read_measurement(body: bytes, service: Service) -> Measurement:
    """Read a measurement from JSON.

    Parameters
    ----------
    body
        The JSON.
    service
        Says which blocks and types there are.

    Raises
    ------
    InputError
        That names everything wrong with it.
    """
    try:
        tables = MeasurementTables.model_validate_json(body)
    except ValidationError as error:
        raise InputError([_told(own) for own in error.errors(include_url=False, include_input=True)]) from None
    problems: list[Problem] = []
    if tables.number is not None and not tables.source:
        problems.append(Problem("", "source", "missing beside a number", "say whose measurements are counted"))
    requests = tuple(
        RequestCounts(_block(own.block, service, f"requests[{i}]", problems), own.from_s, tuple(own.counts))
        for i, own in enumerate(tables.requests)
    )
    machines = []
    for i, row in enumerate(tables.machines):
        b = _block(row.block, service, f"machines[{i}]", problems)
        name = _type(row.type, service, b, f"machines[{i}]", problems)
        machines.append(MachineReport(b, name, row.ready, row.starting, row.failed))
    throttled = tuple(
        (_block(own.block, service, f"throttled[{i}]", problems), own.count) for i, own in enumerate(tables.throttled)
    )
    if problems:
        raise InputError(problems)
    return Measurement(tables.source, tables.number, requests, tuple(machines), throttled)


def _told(error: Any) -> Problem:
    """Say what is wrong with a value, where, and in the words of the check."""
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error["loc"]).lstrip(".")
    if error["type"] == "json_invalid":
        return Problem("", "", f"no JSON ({error['ctx']['error']})", "send one JSON object")
    found = "unknown key" if error["type"] == "extra_forbidden" else f"{error['input']!r}"[:60]
    return Problem("", place, found, error["msg"][:1].lower() + error["msg"][1:])


def _block(number: int | None, service: Service, place: str, problems: list[Problem]) -> int:
    """Return the position of a block; with one block it need not be named."""
    n = len(service.blocks)
    if number is None and n > 1:
        problems.append(Problem("", f"{place}.block", "missing", f"the service has blocks 1 to {n}"))
    elif number is not None and number > n:
        problems.append(Problem("", f"{place}.block", f"{number}", f"the service has blocks 1 to {n}"))
    else:
        return 0 if number is None else number - 1
    return 0


def _type(name: str | None, service: Service, b: int, place: str, problems: list[Problem]) -> str:
    """Return a type of machines of a block; where there is one it need not be named."""
    known = [machine.name for machine in service.blocks[b].machines]
    if name is None and len(known) == 1:
        return known[0]
    if name is None or name not in known:
        cure = nearest(name or "", known) if known else "the block has no machines"
        problems.append(Problem("", f"{place}.type", "missing" if name is None else repr(name), cure))
        return ""
    return name
