"""Reads a file of VM types, function prices or commitments, and names everything wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Generic, TypeVar

from serflow_opt.errors import Problem
from serflow_opt.problem.catalog.rows import (
    DEFAULT_REGION,
    NOT_HOURLY,
    ON_DEMAND,
    PER_HOUR,
    Commitment,
    FunctionPrice,
    Key,
    VmType,
)
from serflow_opt.problem.tables import Cell, Column, Row, read_table

ARCHS = ("x86_64", "arm64")
Price = TypeVar("Price", VmType, FunctionPrice, Commitment)


class _AboveZero(Column):
    """A number that may not be 0."""

    __slots__ = ()

    def read(self, text: str) -> Cell:
        value = Column.read(self, text)
        if value == 0:
            raise ValueError(f"write {self.wanted()}")
        return value

    def wanted(self) -> str:
        return "a number above 0"


@dataclass(frozen=True, slots=True)
class _OneOf(Column):
    """One of a few words."""

    words: tuple[str, ...] = ()

    def read(self, text: str) -> Cell:
        if text not in self.words:
            raise ValueError(f"write {' or '.join(self.words)}")
        return text


class _Day(Column):
    """A day of the calendar."""

    __slots__ = ()

    def read(self, text: str) -> Cell:
        if _day(text) is None:
            raise ValueError("write the day of the price as YYYY-MM-DD")
        return text


@cache
def _day(text: str) -> date | None:
    """Return a day as written in ISO 8601; many rows share one."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.isoformat() == text else None  # fromisoformat also takes 20261122 and 2026-W47-7


def _text(name: str, required: bool = False) -> Column:
    return Column(name, "text", required=required)


def _whole(name: str, low: int, required: bool = False) -> Column:
    return Column(name, "whole", low=low, required=required)


@dataclass(frozen=True, slots=True)
class _Kind(Generic[Price]):
    """One of the three tables.

    An empty or absent cell takes the value of the row that is overridden, where there is one, so that an
    override states only what differs; else that of `defaults`, or what `derived` makes of the other cells.
    """

    row: Callable[..., Price]
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    defaults: Mapping[str, Any]
    derived: Callable[[Mapping[str, Any]], dict[str, Any]]
    mend: Callable[[Price], str]
    """What to do about a row whose cells do not fit each other; "": they do."""

    @property
    def required(self) -> str:
        """The columns that every such file has."""
        return ",".join(column.name for column in self.columns if column.required)

    def merge(self, rows: Sequence[Row], path: Path, into: dict[Key, Price], problems: list[Problem]) -> None:
        """Add the rows of one file to `into`, or put them in the place of those with the same key."""
        lines: dict[Key, int] = {}
        base, source = dict(into), path.name
        for row in rows:
            given: dict[str, Any] = {"source": source, **row.cells}
            given["as_of"] = _day(given["as_of"])
            known = {**self.defaults, **given}
            key = tuple(known[name] for name in self.key)
            old = base.get(key)
            if old is None:
                price = self.row(**{**self.derived(known), **known})
            else:
                price = self.row(**{column.name: getattr(old, column.name) for column in self.columns} | given)
            if cure := self.mend(price):
                problems.append(Problem(str(path), f"line {row.line}", " ".join(key), cure))
            if lines.setdefault(key, row.line) != row.line:
                found = f"{' '.join(part for part in key if part != ON_DEMAND)} again, first on line {lines[key]}"
                cure = f"keep one row for each {' and '.join(self.key)}"
                problems.append(Problem(str(path), f"line {row.line}", found, cure))
            into[key] = price


def _mend_vm(vm: VmType) -> str:
    if (vm.gpu_count > 0) != bool(vm.gpu):
        return "name the model in gpu and write 1 or more in gpu_count, or leave both empty"
    if not vm.gpu and (vm.vcpus is None or vm.memory_mb is None):
        return "write its vcpus and memory_mb: only types with a gpu may leave them empty"
    return ""


VMS: _Kind[VmType] = _Kind(
    row=VmType,
    columns=(
        _text("name", required=True),
        _text("provider"),
        _text("region"),
        _text("term"),
        _text("family"),
        _OneOf("arch", "text", required=False, words=ARCHS),
        _AboveZero("vcpus", low=0, blanks=True),
        Column("memory_mb", "whole", low=1, blanks=True),
        _text("gpu"),
        _whole("gpu_count", 0),
        _whole("gpu_memory_mb", 0),
        Column("usd_per_hour", low=0),
        _text("source"),
        _Day("as_of", "text"),
        _OneOf("billing", "text", required=False, words=(PER_HOUR, *NOT_HOURLY)),
    ),
    key=("name", "region", "term"),
    defaults={
        "provider": "custom",
        "region": DEFAULT_REGION,
        "term": ON_DEMAND,
        "vcpus": None,
        "memory_mb": None,
        "gpu": "",
        "gpu_memory_mb": 0,
        "billing": PER_HOUR,
    },
    derived=lambda cells: {
        "family": cells["name"].partition(".")[0],
        "arch": "x86_64" if cells["vcpus"] else "",
        "gpu_count": 1 if cells["gpu"] else 0,
    },
    mend=_mend_vm,
)

FUNCTIONS: _Kind[FunctionPrice] = _Kind(
    row=FunctionPrice,
    columns=(
        _text("name"),
        _text("provider"),
        _text("region", required=True),
        _OneOf("arch", "text", words=ARCHS),
        Column("usd_per_gb_s", low=0),
        Column("usd_per_vcpu_s", low=0, required=False),
        Column("usd_per_request", low=0),
        _whole("memory_min_mb", 1),
        _whole("memory_max_mb", 1),
        _whole("memory_step_mb", 1),
        _AboveZero("mb_per_vcpu", low=0, required=False),
        _whole("payload_max_bytes", 1),
        _AboveZero("duration_max_s", low=0, required=False),
        Column("billing_step_ms", low=0, required=False),
        Column("billing_min_ms", low=0, required=False),
        _whole("package_max_bytes", 1),
        _whole("image_max_bytes", 1),
        _text("source"),
        _Day("as_of", "text"),
    ),
    key=("provider", "region", "arch"),
    defaults={  # the limits are AWS Lambda's
        "provider": "aws",
        "usd_per_vcpu_s": 0.0,
        "billing_step_ms": 0.0,
        "billing_min_ms": 0.0,
        "memory_min_mb": 128,
        "memory_max_mb": 10240,
        "memory_step_mb": 1,
        "mb_per_vcpu": 1769.0,
        "payload_max_bytes": 6 * 2**20,
        "duration_max_s": 900.0,
        "package_max_bytes": 250 * 2**20,
        "image_max_bytes": 10 * 2**30,
    },
    derived=lambda cells: {"name": "aws-lambda" if cells["provider"] == "aws" else f"{cells['provider']}-function"},
    mend=lambda row: "" if row.memory_min_mb <= row.memory_max_mb else "memory_max_mb must not be below memory_min_mb",
)

COMMITMENTS: _Kind[Commitment] = _Kind(
    row=Commitment,
    columns=(
        _text("provider", required=True),
        _text("term", required=True),
        _whole("months", 1, required=True),
        Column("upfront_fraction", low=0, high=1),
        Column("discount", low=0, high=1),
        _text("source"),
        _Day("as_of", "text"),
    ),
    key=("provider", "term"),
    defaults={},
    derived=lambda cells: {},
    mend=lambda one: "a commitment needs a name of its own" if one.term in (ON_DEMAND, "spot") else "",
)


@dataclass(slots=True)
class Prices:
    """The three tables, by key; files are merged into them one after the other."""

    vms: dict[Key, VmType] = field(default_factory=dict)
    functions: dict[Key, FunctionPrice] = field(default_factory=dict)
    commitments: dict[Key, Commitment] = field(default_factory=dict)

    def read(self, path: Path, problems: list[Problem]) -> None:
        """Merge a file into the table that its header belongs to.

        Parameters
        ----------
        path
            A CSV file.
        problems
            Receives every fault found; when it receives any, the tables are not to be used.
        """
        kind: _Kind[Any] | None = None

        def columns(header: list[str]) -> Sequence[Column]:
            nonlocal kind
            kind = _kind_of(header)
            if kind is None:
                what: dict[str, _Kind[Any]] = {"VM types": VMS, "functions": FUNCTIONS, "commitments": COMMITMENTS}
                either = " or ".join(f"{one.required} ({name})" for name, one in what.items())
                cure = f"name columns separated by commas: {either}"
                problems.append(Problem(str(path), "line 1", repr(",".join(header)), cure))
                return [_text(name) for name in header]
            return kind.columns

        rows = read_table(path, columns, problems)
        if kind is VMS:
            VMS.merge(rows, path, self.vms, problems)
        elif kind is FUNCTIONS:
            FUNCTIONS.merge(rows, path, self.functions, problems)
        elif kind is COMMITMENTS:
            COMMITMENTS.merge(rows, path, self.commitments, problems)


def _kind_of(header: Sequence[str]) -> _Kind[Any] | None:
    """Return the table that has most of these columns to itself; None: two have as many."""
    kinds: list[_Kind[Any]] = [VMS, FUNCTIONS, COMMITMENTS]
    names = [{column.name for column in kind.columns} for kind in kinds]
    own = [names[k] - set().union(*names[:k], *names[k + 1 :]) for k in range(3)]
    score = [len(only.intersection(header)) for only in own]
    best = max(score)
    return kinds[score.index(best)] if score.count(best) == 1 else None
