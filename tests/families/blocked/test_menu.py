"""Rows of task graphs: bounds below what schedules come to."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.small_blocked import folder

import serflow_opt as so
from serflow_opt.families.blocked.menu import BlockedMenu


def test_bounds_rise_once_and_stay_below_the_schedule(tmp_path: Path) -> None:
    """By work alone, then by the graph: never above what the best known schedule of the row comes to."""
    menu = BlockedMenu(so.load(folder(tmp_path)).data)
    for row in range(len(menu.rows)):
        before = menu.least[row].copy()
        assert menu.tighten(row)
        assert not menu.tighten(row)
        assert (menu.least[row] >= before - 1e-12).all()
        assert (menu.least[row] <= menu.values(row) * (1 + 1e-12)).all()


def test_alone_a_worker_does_one_task_after_the_other(tmp_path: Path) -> None:
    """On one worker the time is the sum of all tasks, and with two no more."""
    menu = BlockedMenu(so.load(folder(tmp_path)).data)
    one, two = menu.rows.index((0, 0, 0)), menu.rows.index((0, 0, 1))
    assert menu.values(one)[0] == pytest.approx(float(menu.timed(0, 0).seconds.sum()))
    assert menu.values(two)[0] < menu.values(one)[0]
    assert menu.values(one)[2] == 1.0


def test_blocks_beyond_the_memory_make_no_row(tmp_path: Path) -> None:
    """Four blocks of 512 rows are 8 MB: they just fit the larger option, and make no row of the smaller one."""
    text = '[matrix]\nalgorithm = "cholesky"\nrows = 512\nblock = [256, 512]'
    own = folder(tmp_path, '[graph]\ntasks = "tasks.csv"\nedges = "edges.csv"', text)
    file = own / "instance.toml"
    option = '[[option]]\nname = "small"\nkind = "vm"\nflops_per_s = 1e9\nusd_per_hour = 1\nmemory_mb = 7'
    text = file.read_text().replace("usd_per_hour = 3.6", "usd_per_hour = 3.6\nmemory_mb = 8")
    file.write_text(f"{text}\n{option}\n")
    menu = BlockedMenu(so.load(own).data)
    assert {(b, o) for b, o, _ in menu.rows} == {(0, 0), (1, 0), (0, 1)}
