"""Reads a file of VM types or of function prices, and names everything wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Generic, TypeVar

from serflow_opt.errors import Problem
from serflow_opt.problem.catalog.rows import DEFAULT_REGION, FunctionPrice, Key, VmType
from serflow_opt.problem.tables import Cell, Column, Row, read_table

Price = TypeVar("Price", VmType, FunctionPrice)


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


class _Arch(Column):
    """A processor architecture."""

    __slots__ = ()

    def read(self, text: str) -> Cell:
        if text not in ("x86_64", "arm64"):
            raise ValueError("write x86_64 or arm64")
        return text


class _Day(Column):
    """A day of the calendar."""

    __slots__ = ()

    def read(self, text: str) -> Cell:
        try:
            # fromisoformat also takes 20261122 and 2026-W47-7
            if date.fromisoformat(text).isoformat() == text:
                return text
        except ValueError:
            pass
        raise ValueError("write the day of the price as YYYY-MM-DD")


def _text(name: str, required: bool = False) -> Column:
    return Column(name, "text", required=required)


def _whole(name: str, low: int, required: bool = False) -> Column:
    return Column(name, "whole", low=low, required=required)


@dataclass(frozen=True, slots=True)
class _Kind(Generic[Price]):
    """One of the two tables.

    An empty or absent cell takes the value of the row that is overridden, where there is one, so that an
    override states only what differs; else that of `defaults`, or what `derived` makes of the other cells.
    """

    row: Callable[..., Price]
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    defaults: Mapping[str, Any]
    derived: Callable[[Mapping[str, Any]], dict[str, Any]]
    rule: Callable[[Price], bool]
    rule_broken: str
    """What to do when `rule` does not hold of a row."""

    @property
    def required(self) -> str:
        """The columns that every such file has."""
        return ",".join(column.name for column in self.columns if column.required)

    def merge(self, rows: Sequence[Row], path: Path, into: dict[Key, Price], problems: list[Problem]) -> None:
        """Add the rows of one file to `into`, or put them in the place of those with the same key."""
        lines: dict[Key, int] = {}
        base = dict(into)
        for row in rows:
            given: dict[str, Any] = {"source": path.name, **row.cells}
            given["as_of"] = date.fromisoformat(given["as_of"])
            known = {**self.defaults, **given}
            key = tuple(known[name] for name in self.key)
            old = base.get(key)
            if old is None:
                price = self.row(**{**self.derived(known), **known})
            else:
                price = self.row(**{column.name: getattr(old, column.name) for column in self.columns} | given)
            if not self.rule(price):
                problems.append(Problem(str(path), f"line {row.line}", " ".join(key), self.rule_broken))
            if lines.setdefault(key, row.line) != row.line:
                found = f"{' '.join(key)} again, first on line {lines[key]}"
                cure = f"keep one row for each {' and '.join(self.key)}"
                problems.append(Problem(str(path), f"line {row.line}", found, cure))
            into[key] = price


VMS: _Kind[VmType] = _Kind(
    row=VmType,
    columns=(
        _text("name", required=True),
        _text("provider"),
        _text("region"),
        _text("family"),
        _Arch("arch", "text", required=False),
        _AboveZero("vcpus", low=0),
        _whole("memory_mb", 1, required=True),
        _text("gpu"),
        _whole("gpu_count", 0),
        _whole("gpu_memory_mb", 0),
        Column("usd_per_hour", low=0),
        _text("source"),
        _Day("as_of", "text"),
    ),
    key=("name", "region"),
    defaults={
        "provider": "custom",
        "region": DEFAULT_REGION,
        "arch": "x86_64",
        "gpu": "",
        "gpu_memory_mb": 0,
    },
    derived=lambda cells: {
        "family": cells["name"].partition(".")[0],
        "gpu_count": 1 if cells["gpu"] else 0,
    },
    rule=lambda vm: (vm.gpu_count > 0) == bool(vm.gpu),
    rule_broken="name the model in gpu and write 1 or more in gpu_count, or leave both empty",
)

FUNCTIONS: _Kind[FunctionPrice] = _Kind(
    row=FunctionPrice,
    columns=(
        _text("name"),
        _text("provider"),
        _text("region", required=True),
        _Arch("arch", "text"),
        Column("usd_per_gb_s", low=0),
        Column("usd_per_request", low=0),
        _whole("memory_min_mb", 1),
        _whole("memory_max_mb", 1),
        _whole("memory_step_mb", 1),
        _AboveZero("mb_per_vcpu", low=0, required=False),
        _whole("payload_max_bytes", 1),
        _AboveZero("duration_max_s", low=0, required=False),
        _whole("package_max_bytes", 1),
        _whole("image_max_bytes", 1),
        _text("source"),
        _Day("as_of", "text"),
    ),
    key=("provider", "region", "arch"),
    defaults={  # the limits are AWS Lambda's
        "provider": "aws",
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
    rule=lambda function: function.memory_min_mb <= function.memory_max_mb,
    rule_broken="memory_max_mb must not be below memory_min_mb",
)

_ONLY_VMS = {column.name for column in VMS.columns} - {column.name for column in FUNCTIONS.columns}
_ONLY_FUNCTIONS = {column.name for column in FUNCTIONS.columns} - {column.name for column in VMS.columns}


def read_prices(
    path: Path, vms: dict[Key, VmType], functions: dict[Key, FunctionPrice], problems: list[Problem]
) -> None:
    """Merge a file into `vms` or `functions`, whichever its header belongs to.

    Parameters
    ----------
    problems
        Receives every fault found; when it receives any, the two tables are not to be used.
    """
    kind: _Kind[VmType] | _Kind[FunctionPrice] | None = None

    def columns(header: list[str]) -> Sequence[Column]:
        nonlocal kind
        for_vms, for_functions = _ONLY_VMS.intersection(header), _ONLY_FUNCTIONS.intersection(header)
        if len(for_vms) == len(for_functions):
            either = f"{VMS.required} (VM types) or {FUNCTIONS.required} (functions)"
            cure = f"name columns separated by commas: {either}"
            problems.append(Problem(str(path), "line 1", repr(",".join(header)), cure))
            return [_text(name) for name in header]
        kind = VMS if len(for_vms) > len(for_functions) else FUNCTIONS
        return kind.columns

    rows = read_table(path, columns, problems)
    if kind is VMS:
        VMS.merge(rows, path, vms, problems)
    elif kind is FUNCTIONS:
        FUNCTIONS.merge(rows, path, functions, problems)
