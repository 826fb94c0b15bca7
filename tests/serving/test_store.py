"""The file of a service: what is kept, for whom, and what is said when it cannot be."""

from __future__ import annotations

import contextlib
import sqlite3
import stat
from pathlib import Path

import pytest

from serflow_opt.errors import InputError
from serflow_opt.serving.store import MOST_ORDERS, ServiceStore, StoreError


def test_counts_add_up_and_survive(tmp_path: Path) -> None:
    """Closed and opened again, all that was kept is there; seconds decided upon are not."""
    with ServiceStore(tmp_path / "s.db") as store:
        with store.transaction():
            store.add_counts({(0, 5): 2.0, (1, 6): 1.0})
            store.add_throttled({1: 3})
            store.keep_sources({"a": 7, "b": 2}, 1.0)
        with store.transaction():
            store.add_counts({(0, 5): 0.5})
            store.add_throttled({1: 1})
            store.keep("key", {"x": [1, None]})
            store.drop_sources(["b"])
    with ServiceStore(tmp_path / "s.db") as store:
        assert sorted(store.counts()) == [(0, 5, 2.5), (1, 6, 1.0)]
        assert store.throttled() == {1: 4}
        assert store.sources() == {"a": 7}
        assert store.kept("key") == {"x": [1, None]}
        with store.transaction():
            store.drop_counts(6)
        assert list(store.counts()) == [(1, 6, 1.0)]
        assert store.throttled() == {}


def test_nothing_of_a_transaction_that_fails_is_kept(tmp_path: Path) -> None:
    """Neither what went well before."""
    with ServiceStore(tmp_path / "s.db") as store:
        with contextlib.suppress(RuntimeError), store.transaction():
            store.keep("key", 1)
            raise RuntimeError
        assert store.kept("key") is None


def test_a_disk_that_is_full_is_told(tmp_path: Path) -> None:
    """And what was there before stays."""
    with ServiceStore(tmp_path / "s.db") as store:
        with store.transaction():
            store.keep("key", 1)
        store._db.execute("PRAGMA max_page_count=10")
        with pytest.raises(StoreError, match="full"), store.transaction():
            store.keep("key", "x" * 100_000)
        assert store.kept("key") == 1


def test_orders_are_kept_up_to_a_number(tmp_path: Path) -> None:
    """The oldest go."""
    with ServiceStore(tmp_path / "s.db") as store:
        assert store.last_orders() is None
        with store.transaction():
            for number in (1, 2, MOST_ORDERS + 1):
                store.keep_orders(number, {"number": number})
        assert store.last_orders() == {"number": MOST_ORDERS + 1}
        assert store._db.execute("SELECT count(*) FROM orders").fetchone() == (2,)


def test_one_process_has_it(tmp_path: Path) -> None:
    """A second one is told; its owner alone may read it."""
    with ServiceStore(tmp_path / "s.db"):
        with pytest.raises(InputError, match="another process serves from it"):
            ServiceStore(tmp_path / "s.db")
        assert stat.S_IMODE((tmp_path / "s.db").stat().st_mode) == 0o600
    ServiceStore(tmp_path / "s.db").close()


def test_files_that_are_none(tmp_path: Path) -> None:
    """Text, a database of something else, one of a newer version, a folder, no folder."""
    (tmp_path / "text").write_text("no database, but long enough to be looked at as one" * 30)
    with sqlite3.connect(tmp_path / "other") as other:
        other.execute("CREATE TABLE t (x)")
    with sqlite3.connect(tmp_path / "newer") as newer:
        newer.execute("PRAGMA user_version=99")
    said = {
        "text": "move it away to start afresh",
        "other": "a database of something else",
        "newer": "written by a newer version",
        "": "is a folder",
        "no/where": "no such folder",
    }
    for name, text in said.items():
        with pytest.raises(InputError, match=text):
            ServiceStore(tmp_path / name)


def test_a_damaged_entry_is_named(tmp_path: Path) -> None:
    """With the key."""
    with ServiceStore(tmp_path / "s.db") as store:
        store._db.execute("INSERT INTO kept VALUES ('loop', '{')")
        with pytest.raises(InputError, match="'loop' is damaged"):
            store.kept("loop")
