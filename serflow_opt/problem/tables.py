"""Read the CSV tables of an instance, cell by cell, and report every fault with row and column."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from serflow_opt.errors import Problem, nearest
from serflow_opt.files import read_text

MAX_PROBLEMS = 20
"""Faults reported one by one for a file; the rest is counted."""

Cell = float | int | str


LARGEST = 1e100
"""Numbers in files: what is made of them, such as a price times a time times a rate, is still a number."""


@dataclass(frozen=True, slots=True)
class Column:
    """What a column holds: a number within bounds, a whole number within bounds, or text.

    A file must have a required column, and no cell of it may be empty unless `blanks` are allowed.
    """

    name: str
    kind: Literal["number", "whole", "text"] = "number"
    low: float = -math.inf
    high: float = math.inf
    required: bool = True
    blanks: bool = False

    def read(self, text: str) -> Cell:
        """Return the cell's value, or raise ValueError saying what would be right."""
        if self.kind == "text":
            if not text:
                raise ValueError("write a name")
            return text
        try:
            value = int(text) if self.kind == "whole" else float(text)
        except ValueError:
            raise ValueError(f"write {self.wanted()}") from None
        if not self.low <= value <= self.high or value in (math.inf, -math.inf):  # NaN fails every comparison
            raise ValueError(f"write {self.wanted()}")
        if abs(value) > LARGEST:
            raise ValueError(f"write a number of at most {LARGEST:g}")
        return value

    def wanted(self) -> str:
        """Say in words what the column accepts."""
        noun = "a whole number" if self.kind == "whole" else "a number"
        if math.isfinite(self.low) and math.isfinite(self.high):
            return f"{noun} from {self.low:g} to {self.high:g}"
        return f"{noun} of at least {self.low:g}" if math.isfinite(self.low) else f"a finite {noun[2:]}"


@dataclass(frozen=True, slots=True)
class Row:
    """A checked row: its line in the file (the header is line 1) and its cells by column."""

    line: int
    cells: dict[str, Cell]

    def number(self, column: str) -> float:
        """Return a numeric cell."""
        value = self.cells[column]
        assert not isinstance(value, str)
        return value

    def whole(self, column: str) -> int:
        """Return a whole-number cell."""
        value = self.cells[column]
        assert isinstance(value, int)
        return value


def read_table(
    path: Path, columns: Sequence[Column] | Callable[[list[str]], Sequence[Column]], problems: list[Problem]
) -> list[Row]:
    """Read a CSV file whose first line names its columns.

    Parameters
    ----------
    path
        The file.
    columns
        The columns it must and may have, or a function that derives them from the header.
    problems
        Receives every fault found. Rows with faults are left out of the result, so a caller must look here
        before it trusts the rows.
    """
    text = read_text(path, problems)
    if text is None:
        return []
    name = str(path)
    lines = csv.reader(io.StringIO(text, newline=""))
    found: list[Problem] = []
    rows: list[Row] = []
    try:
        header = [cell.strip() for cell in next(lines, [])]
        if not any(header):
            problems.append(Problem(name, "line 1", "the file is empty", "start with a line of column names"))
            return []
        wanted = columns(header) if callable(columns) else columns
        before = len(problems)
        _check_header(name, header, wanted, problems)
        sound = len(problems) == before
        by_name = {column.name: column for column in wanted}
        plain = [by_name[title] for title in header if title in by_name]
        for record in lines:
            if not any(cell.strip() for cell in record):
                continue
            row = _read_plain(lines.line_num, plain, record) if sound else None
            if row is None:
                row = _read_row(name, lines.line_num, header, record, by_name, found)
            if row is not None and sound:
                rows.append(row)
    except csv.Error as error:
        found.append(Problem(name, f"line {lines.line_num}", f"not CSV: {error}", "check quotes and line ends"))
    if not rows and not found and sound:
        found.append(Problem(name, "line 2", "no rows below the header", "add at least one row"))
    problems.extend(found[:MAX_PROBLEMS])
    if len(found) > MAX_PROBLEMS:
        problems.append(Problem(name, "", f"{len(found) - MAX_PROBLEMS} more faults", "mend those above first"))
    return rows


def _check_header(name: str, header: list[str], wanted: Sequence[Column], problems: list[Problem]) -> None:
    known = [column.name for column in wanted]
    for column in wanted:
        if column.required and column.name not in header:
            problems.append(
                Problem(name, "line 1", f"column '{column.name}' is missing", f"columns: {', '.join(known)}")
            )
    for position, title in enumerate(header, start=1):
        if title not in known:
            problems.append(
                Problem(name, f"line 1, column {position}", f"unknown column '{title}'", nearest(title, known))
            )
        elif header.index(title) != position - 1:
            problems.append(Problem(name, f"line 1, column {position}", f"'{title}' twice", "keep one"))


def _read_plain(line: int, columns: Sequence[Column], record: list[str]) -> Row | None:
    """Read a row in which nothing is wrong; None: look closer."""
    if len(record) != len(columns):
        return None
    cells: dict[str, Cell] = {}
    try:
        for column, text in zip(columns, record, strict=True):
            if not text and (column.blanks or not column.required):
                continue
            if type(column) is not Column:
                value: Cell = column.read(text.strip())
            elif column.kind == "text":
                value = text.strip()
                if not value:
                    return None
            else:
                number = int(text) if column.kind == "whole" else float(text)
                if not (column.low <= number <= column.high and -LARGEST <= number <= LARGEST):
                    return None
                value = number
            cells[column.name] = value
    except ValueError:
        return None
    return Row(line, cells)


def _read_row(
    name: str, line: int, header: list[str], record: list[str], columns: dict[str, Column], found: list[Problem]
) -> Row | None:
    if len(record) != len(header):
        found.append(Problem(name, f"line {line}", f"{len(record)} cells", f"the header has {len(header)} columns"))
        return None
    cells: dict[str, Cell] = {}
    before = len(found)
    for title, text in zip(header, record, strict=True):
        column, text = columns.get(title), text.strip()
        if column is None or (not text and (column.blanks or not column.required)):
            continue
        try:
            cells[title] = column.read(text)
        except ValueError as error:
            found.append(Problem(name, f"line {line}, column {title}", repr(text), str(error)))
    return Row(line, cells) if len(found) == before else None
