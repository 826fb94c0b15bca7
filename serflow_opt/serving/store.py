"""What must outlive the process, in one SQLite file: nothing is acknowledged before it stands there.

Write-ahead log, each commit synchronised: kill -9 loses nothing that was acknowledged, a power cut neither. The file is
locked for one process; the lock ends with the process, however that ends.
"""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from serflow_opt.errors import InputError, Problem

SCHEMA = 1
MOST_ORDERS = 1000
"""Orders that are kept; older ones go."""
TABLES = """
CREATE TABLE IF NOT EXISTS kept (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS counts (
    block INTEGER, second INTEGER, requests REAL NOT NULL, PRIMARY KEY (block, second)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS throttled (block INTEGER PRIMARY KEY, requests INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS sources (source TEXT PRIMARY KEY, number INTEGER NOT NULL, seen_s REAL NOT NULL)
    WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS orders (number INTEGER PRIMARY KEY, document TEXT NOT NULL);
"""


class StoreError(OSError):
    """The store took nothing: the disk is full, gone, or read-only."""


class ServiceStore:
    """The file of a service; use it from one thread at a time.

    Parameters
    ----------
    path
        Made where it is not there, for its owner alone.

    Raises
    ------
    InputError
        When it cannot be opened, is no such file, or another process has it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.parent.is_dir():
            raise self._wrong("no such folder", "make it first, or name another file")
        if path.is_dir():
            raise self._wrong("is a folder", "name a file")
        try:
            self._lock = os.open(path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        except OSError as error:
            raise self._wrong(f"cannot be written ({error.strerror})", "choose a place that can be") from None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._lock)
            raise self._wrong("another process serves from it", "stop that, or name another --state") from None
        try:
            self._db = self._opened()
        except BaseException:
            os.close(self._lock)
            raise

    def _opened(self) -> sqlite3.Connection:
        try:
            db = sqlite3.connect(self.path, check_same_thread=False, isolation_level=None)
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=FULL")
            known = int(db.execute("PRAGMA user_version").fetchone()[0])
            if known == 0 and db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                raise self._wrong("a database of something else", "name another --state")
            if known > SCHEMA:
                raise self._wrong(f"written by a newer version (schema {known})", "upgrade, or name another --state")
            db.executescript(TABLES)
            db.execute(f"PRAGMA user_version={SCHEMA}")
        except sqlite3.Error as error:
            raise self._wrong(f"cannot be read ({error})", "move it away to start afresh, or name another") from None
        return db

    def _wrong(self, found: str, cure: str) -> InputError:
        return InputError([Problem(str(self.path), "--state", found, cure)])

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Keep all that is written within, or nothing.

        Raises
        ------
        StoreError
            When nothing was kept.
        """
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise StoreError(f"{self.path}: {error}") from error

    def keep(self, key: str, value: Any) -> None:
        """Keep a value that JSON knows under a key."""
        text = json.dumps(value, allow_nan=False)
        self._db.execute("INSERT OR REPLACE INTO kept VALUES (?, ?)", (key, text))

    def kept(self, key: str) -> Any:
        """Return what is kept under a key; None: nothing.

        Raises
        ------
        InputError
            When it is damaged.
        """
        row = self._db.execute("SELECT value FROM kept WHERE key = ?", (key,)).fetchone()
        try:
            return None if row is None else json.loads(row[0])
        except ValueError:
            raise self._wrong(f"'{key}' is damaged", "move the file away to start afresh") from None

    def forget(self) -> None:
        """Forget all but the clock: the service is another one."""
        self._db.execute("DELETE FROM kept WHERE key NOT IN ('clock', 'service')")
        for table in ("counts", "throttled", "sources", "orders"):
            self._db.execute(f"DELETE FROM {table}")

    def add_counts(self, counts: Mapping[tuple[int, int], float]) -> None:
        """Add requests by (block, second)."""
        self._db.executemany(
            "INSERT INTO counts VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET requests = requests + excluded.requests",
            [(b, second, requests) for (b, second), requests in counts.items()],
        )

    def counts(self) -> Iterable[tuple[int, int, float]]:
        """Return (block, second, requests) of all that is not decided upon."""
        return self._db.execute("SELECT block, second, requests FROM counts").fetchall()

    def drop_counts(self, before_s: int) -> None:
        """Forget the seconds before one, which were decided upon, and what functions refused until then."""
        self._db.execute("DELETE FROM counts WHERE second < ?", (before_s,))
        self._db.execute("DELETE FROM throttled")

    def add_throttled(self, throttled: Mapping[int, int]) -> None:
        """Add requests refused, by block."""
        self._db.executemany(
            "INSERT INTO throttled VALUES (?, ?) ON CONFLICT DO UPDATE SET requests = requests + excluded.requests",
            list(throttled.items()),
        )

    def throttled(self) -> dict[int, int]:
        """Return requests refused since the last decision, by block."""
        return dict(self._db.execute("SELECT block, requests FROM throttled").fetchall())

    def keep_sources(self, numbers: Mapping[str, int], now_s: float) -> None:
        """Keep the last number of each source.

        Parameters
        ----------
        numbers
            By source.
        now_s
            When it was heard of.
        """
        self._db.executemany(
            "INSERT OR REPLACE INTO sources VALUES (?, ?, ?)",
            [(source, number, now_s) for source, number in numbers.items()],
        )

    def drop_sources(self, sources: Iterable[str]) -> None:
        """Forget the last numbers of some sources."""
        self._db.executemany("DELETE FROM sources WHERE source = ?", [(source,) for source in sources])

    def sources(self) -> dict[str, int]:
        """Return the last number of each source, the one unheard of for longest first."""
        return dict(self._db.execute("SELECT source, number FROM sources ORDER BY seen_s").fetchall())

    def keep_orders(self, number: int, document: Mapping[str, Any]) -> None:
        """Keep orders, and forget the oldest."""
        text = json.dumps(document, allow_nan=False)
        self._db.execute("INSERT OR REPLACE INTO orders VALUES (?, ?)", (number, text))
        self._db.execute("DELETE FROM orders WHERE number <= ?", (number - MOST_ORDERS,))

    def last_orders(self) -> dict[str, Any] | None:
        """Return the last orders; None: there are none."""
        row = self._db.execute("SELECT document FROM orders ORDER BY number DESC LIMIT 1").fetchone()
        return None if row is None else dict(json.loads(row[0]))

    def close(self) -> None:
        """Fold the log into the file and let it go."""
        try:
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error:
            pass  # the log is read at the next start
        finally:
            self._db.close()
            os.close(self._lock)

    def __enter__(self) -> Self:
        """Use it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()
