"""Traces as files: requests counted by period, or one row a request.

The first column tells time, and its name how: `second`, `minute`, `hour` count periods up by one; `time` (or
`timestamp`) is ISO 8601; `epoch_s`, `epoch_ms` are numbers. With a column `requests` each row is a period, and time
stamps must be equally far apart; without one, each row is a request, and requests are counted by second.
"""

from __future__ import annotations

import csv
import gzip
import io
import os
import stat
from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.errors import InputError, Problem, nearest
from serflow_opt.ground.tolerances import TOLERANCE
from serflow_opt.traffic.demand.trace import MOST_IN_A_PERIOD, Trace

if TYPE_CHECKING:
    from numpy.typing import NDArray

PERIODS = {"second": 1.0, "minute": 60.0, "hour": 3600.0}
"""Names of a first column that counts periods, and the seconds of each."""
STAMPS = ("time", "timestamp", "epoch_s", "epoch_ms")
"""Names of a first column of time stamps."""
OTHER_COUNTS = ("arrivals", "calls", "count", "counts", "hits", "invocations", "n", "qps", "rate", "rps", "value")
"""What counts may be called elsewhere; a file with such a column is no list of requests."""
MOST_PERIODS = 10_000_000
"""More seconds than these, 116 days, are not counted one by one."""
MOST_PROBLEMS = 10
"""Rows of one fault that are named."""
MICROSECOND = 1 / 1e6
EPOCH_MS_FROM = 1e11
"""Seconds since 1970 do not get here for 3,000 years; milliseconds were there in 1973."""
START = datetime(1970, 1, 1, tzinfo=UTC)
CURE = "give a CSV: second,requests, or time,requests, or time alone with a row a request"


def shipped_traces() -> list[str]:
    """Return the names of the traces that come with the package."""
    return sorted(file.stem for file in _shipped_folder().glob("*.csv"))


def read_trace(path: str | os.PathLike[str]) -> Trace:
    """Read a trace.

    A CSV file (or gzipped: .csv.gz) whose first column tells time:

    * `second`, `minute` or `hour`, counted up by one from row to row; a column `requests` counts those of each period;
    * `time` (or `timestamp`), ISO 8601, all with a time zone or none; `epoch_s` or `epoch_ms`, seconds or milliseconds
      from any moment. With a column `requests` each row is a period and begins at its stamp; all are equally long.
      Without one each row is a request, in the order of time; they are counted by second.

    `gap_seconds` may say what of a period was not recorded. Other columns are left alone.

    Parameters
    ----------
    path
        The file, or the name of a trace that comes with the package.

    Raises
    ------
    InputError
        With everything that is wrong in the file.
    """
    table = _read(_find(path), ("requests", "gap_seconds"))
    clock = table.header[0]
    counted = "requests" in table.cells
    if clock in STAMPS and not counted:
        return _of_requests(table)
    requests = table.numbers("requests", whole=True, most=MOST_IN_A_PERIOD)
    period = PERIODS.get(clock, 0.0)
    if period:
        _check_counter(table, clock)
    else:
        period = _period_s(table, clock)
    gaps = np.zeros(len(requests))
    if "gap_seconds" in table.cells:
        gaps = table.numbers("gap_seconds")
        if not table.problems:
            what = f"a {clock}" if clock in PERIODS else "a period"
            for row in np.flatnonzero(gaps > period * (1 + TOLERANCE))[:MOST_PROBLEMS]:
                table.wrong(row, "gap_seconds", f"{gaps[row]:g}", f"{what} has {period:g} seconds")
    table.stop()
    return Trace(requests.astype(np.int64), period, np.clip(period - gaps, 0.0, period), table.name)


@dataclass
class _Table:
    """The columns of a file that are looked at, as text, and what is wrong with them."""

    file: str
    name: str
    header: list[str]
    cells: dict[str, list[str]]
    lines: array[int]
    problems: list[Problem] = field(default_factory=list)

    def wrong(self, row: int, column: str, found: str, cure: str) -> None:
        """Note a fault of a row, which is named by its line in the file."""
        self.problems.append(Problem(self.file, f"row {self.lines[row]}, {column}", found, cure))

    def stop(self) -> None:
        """Raise InputError if anything is wrong."""
        if self.problems:
            raise InputError(self.problems)

    def numbers(self, column: str, *, whole: bool = False, most: float = np.inf) -> NDArray[np.float64]:
        """Return a column of numbers from 0 on."""
        texts = self.cells[column]
        try:
            values = np.array(texts, dtype=float)
        except ValueError:
            values = np.array([_number(text) for text in texts])
        bad = ~np.isfinite(values) | (values < 0) | (values > most)
        if whole:
            bad |= np.rint(np.nan_to_num(values)) != np.nan_to_num(values)
        kind = "a whole number, 0 or more" if whole else "seconds, 0 or more"
        for row in np.flatnonzero(bad)[:MOST_PROBLEMS]:
            cure = f"write at most {most:g}" if most < values[row] < np.inf else f"write {kind}"
            self.wrong(int(row), column, f"'{texts[row]}'", cure)
        if (left := int(bad.sum()) - MOST_PROBLEMS) > 0:
            self.problems.append(Problem(self.file, column, f"{left:,} more such rows", "mend those above first"))
        return values


def _find(path: str | os.PathLike[str]) -> Path:
    """Return the file that is meant by a path or the name of a shipped trace."""
    file = Path(path)
    try:
        if file.exists():
            return file
    except (OSError, ValueError):  # a name no file can have
        pass
    known = shipped_traces()
    if str(path) in known:
        return _shipped_folder() / f"{path}.csv"
    cure = CURE if len(file.parts) > 1 or file.suffix else f"{nearest(str(path), known)}; or {CURE}"
    raise InputError([Problem(str(path), "", "no such file, nor a shipped trace", cure)])


def _shipped_folder() -> Path:
    return Path(str(resources.files("serflow_opt.traffic"))) / "traces"


def _read(file: Path, wanted: tuple[str, ...]) -> _Table:
    """Read the first column and those wanted, where a file has them; InputError for what is no table of a trace."""

    def refuse(place: str, found: str, cure: str = CURE) -> InputError:
        return InputError([Problem(str(file), place, found, cure)])

    try:
        if not stat.S_ISREG(mode := file.stat().st_mode) and not stat.S_ISFIFO(mode):
            raise refuse("", "cannot be read: no file")
        with _opened(file) as text:
            lines = csv.reader(text)
            header = [title.strip().lower() for title in next(lines, [])]
            if not any(header):
                raise refuse("", "cannot be read: empty")
            _check_header(header, refuse)
            at = {title: header.index(title) for title in (header[0], *wanted) if title in header}
            cells: dict[str, list[str]] = {title: [] for title in at}
            numbers, ragged = array("q"), []
            for record in lines:
                if len(record) != len(header):
                    if any(cell.strip() for cell in record):
                        ragged.append((lines.line_num, len(record)))
                    continue
                numbers.append(lines.line_num)
                for title, column in at.items():
                    cells[title].append(record[column].strip())
    except (UnicodeDecodeError, csv.Error, EOFError, OSError) as error:
        raise refuse("", f"cannot be read: {error}") from None
    if ragged:
        named = [
            Problem(str(file), f"row {line}", f"{count} cells", f"the header has {len(header)} columns")
            for line, count in ragged[:MOST_PROBLEMS]
        ]
        left = len(ragged) - len(named)
        named += [Problem(str(file), "", f"{left:,} more such rows", "mend those above first")] if left else []
        raise InputError(named)
    if not numbers:
        raise refuse("", "no rows", "give a row a period")
    return _Table(str(file), Path(file.name.removesuffix(".gz")).stem, header, cells, numbers)


def _opened(file: Path) -> io.TextIOBase:
    if file.suffix == ".gz":
        return io.TextIOWrapper(gzip.open(file), encoding="utf-8-sig", newline="")
    return file.open(encoding="utf-8-sig", newline="")


def _check_header(header: list[str], refuse: Callable[..., InputError]) -> None:
    """Raise InputError for names of columns that do not say what there is."""
    clock = header[0]
    problems: list[Problem] = []
    known = (*PERIODS, *STAMPS)
    if clock not in known:
        problems += refuse("first column", f"'{clock}'", f"call it {', '.join(known)}: it tells time").problems
    columns = f"columns {', '.join(header)}"
    counts = [title for title in header if title in OTHER_COUNTS]
    if "requests" not in header and clock in PERIODS:
        problems += refuse("header", columns, "add a column requests").problems
    elif "requests" not in header and clock in STAMPS and (counts or "gap_seconds" in header):
        name = (counts or ["gap_seconds"])[0]
        found = f"'{name}' and no requests: without that column each row would be a request"
        problems += refuse("header", found, "call the counts of the periods requests").problems
    for title in dict.fromkeys((clock, "requests", "gap_seconds")):
        if header.count(title) > 1:
            problems += refuse("header", f"{header.count(title)} columns '{title}'", "keep one").problems
    if problems:
        raise InputError(problems)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def _check_counter(table: _Table, clock: str) -> None:
    """Note rows that do not count up by one."""
    before = len(table.problems)
    at = table.numbers(clock, whole=True, most=2.0**53)
    if len(table.problems) > before:
        return
    for row in np.flatnonzero(np.diff(at) != 1)[:MOST_PROBLEMS]:
        found = f"{at[row + 1]:.0f} after {at[row]:.0f}"
        table.wrong(int(row) + 1, clock, found, "count periods up by one; write 0 where none came")


def _of_requests(table: _Table) -> Trace:
    """Count requests, one a row, by second."""
    clock = table.header[0]
    at = _microseconds(table, clock)
    table.stop()
    for row in np.flatnonzero(np.diff(at) < 0)[:MOST_PROBLEMS]:
        table.wrong(
            int(row) + 1, clock, f"'{table.cells[clock][row + 1]}', earlier than the row before", "sort by time"
        )
    table.stop()
    second = at // 1_000_000
    many = int(second[-1] - second[0]) + 1
    if many > MOST_PERIODS:
        found = f"{many:,} s from the first to the last request"
        table.problems.append(Problem(table.file, clock, found, f"count them by period, or give {MOST_PERIODS:,} s"))
    table.stop()
    return Trace.of(np.bincount(second - second[0]), 1.0, table.name)


def _period_s(table: _Table, clock: str) -> float:
    """Seconds between the stamps of periods, whatever is most common; notes rows that are not as far apart."""
    before = len(table.problems)
    at = _microseconds(table, clock)
    if len(table.problems) > before:
        return 1.0
    if len(at) < 2:
        found = "one row: how long its period is cannot be told"
        table.problems.append(Problem(table.file, clock, found, f"give a second row, or call it {', '.join(PERIODS)}"))
        return 1.0
    steps = np.diff(at)
    lengths, many = np.unique(steps[steps > 0], return_counts=True)
    period = int(lengths[np.argmax(many)]) if len(lengths) else 0
    zone = "" if clock.startswith("epoch") else "; where clocks were put forward or back, give each stamp its zone"
    for row in np.flatnonzero(steps != period)[:MOST_PROBLEMS]:
        step, text = int(steps[row]), table.cells[clock][row + 1]
        if step < 0:
            found, cure = f"'{text}', earlier than the row before", f"sort by time{zone}"
        elif step == 0:
            found, cure = f"'{text}' twice", f"give one row a period{zone}"
        else:
            found = f"'{text}', {step * MICROSECOND:g} s after the row before, others {period * MICROSECOND:g} s"
            cure = "give all periods the same length"
            if step % period == 0:
                cure = f"write 0 where none came, and gap_seconds where nothing was recorded{zone}"
        table.wrong(int(row) + 1, clock, found, cure)
    return period * MICROSECOND or 1.0


def _microseconds(table: _Table, clock: str) -> NDArray[np.int64]:
    """Return time stamps as microseconds since a moment."""
    if clock == "epoch_s":
        values = table.numbers(clock)
        late = np.flatnonzero(values > EPOCH_MS_FROM)[:MOST_PROBLEMS]
        for row in late:
            table.wrong(int(row), clock, f"'{table.cells[clock][row]}'", "milliseconds? call the column epoch_ms")
        return np.rint(np.where(values <= EPOCH_MS_FROM, values, 0.0) * 1e6).astype(np.int64)
    if clock == "epoch_ms":
        values = table.numbers(clock, most=EPOCH_MS_FROM * 1000)
        return np.rint(np.where(values <= EPOCH_MS_FROM * 1000, values, 0.0) * 1e3).astype(np.int64)
    return _of_iso(table, clock)


def _of_iso(table: _Table, clock: str) -> NDArray[np.int64]:
    """Return ISO 8601 stamps as microseconds since 1970, those without a zone as if they were UTC."""
    found = np.zeros(len(table.lines), np.int64)
    unit, zoned = timedelta(microseconds=1), None
    for row, text in enumerate(table.cells[clock]):
        if len(table.problems) >= MOST_PROBLEMS:
            break
        stamp = _stamp(text)
        if stamp is None:
            digits = text.replace(".", "", 1).isdigit()
            cure = "numbers? call the column epoch_s or epoch_ms" if digits else "write ISO 8601: 2026-01-31T23:59:00Z"
            table.wrong(row, clock, f"'{text}'", cure)
            continue
        aware = stamp.tzinfo is not None
        zoned = aware if zoned is None else zoned
        if aware != zoned:
            table.wrong(row, clock, f"'{text}', {'with' if aware else 'without'} a zone", "give all a zone, or none")
            continue
        found[row] = ((stamp if aware else stamp.replace(tzinfo=UTC)) - START) // unit
    return found


def _stamp(text: str) -> datetime | None:
    """Read ISO 8601; digits alone are rather seconds of some epoch than a date."""
    if text.isdigit():
        return None
    try:
        return datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        return None
