"""Policies that learn, replayed gap by gap."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from support.helpers import has_line, run
from support.idle_times import by_hand, write

from serflow_opt.families.keep_alive.problem import KeepAliveWindow
from serflow_opt.families.keep_alive.replay import _lsth, _replayed


def test_a_window_is_replayed_gap_by_gap() -> None:
    """As every idle time on its own; the first ten minutes are the same for all."""
    draw = random.Random(4)
    gaps = [draw.uniform(0, 900) for _ in range(50)]
    cold, idle = _replayed(
        np.array([1.0, *gaps]), np.cumsum([1.0, *gaps]), lambda gap, now: KeepAliveWindow(100.0, 400.0)
    )
    by_idle, by_cold = by_hand([(gap, 1) for gap in gaps], 100.0, 400.0)
    assert (cold * 51, idle * 51) == pytest.approx((by_cold * 50, by_idle * 50 + 1.0))


def test_lsth_weighs_a_day_and_an_hour() -> None:
    """A day of 30.5 minutes, then an hour of 1.5: half of (1800, 1860) and half of (60, 120); the day forgets later."""
    policy, now = _lsth(), 0.0
    for _ in range(40):
        now += 1830.0
        policy(1830.0, now)
    for _ in range(41):
        now += 90.0
        window = policy(90.0, now)
    assert window == KeepAliveWindow(0.5 * 60 + 0.5 * 60, 0.5 * 1860 + 0.5 * 120)


def test_simulate_sets_policies_side_by_side(tmp_path: Path) -> None:
    """Requests every ten minutes and a half: never met after ten minutes, met by what has learnt."""
    folder = write(tmp_path / "f", [(632.0, 1)], usd_per_cold_start=20.0, resolution_s=5)
    (tmp_path / "trace.csv").write_text("epoch_s\n" + "".join(f"{630 * n}\n" for n in range(60)), "utf-8")
    done = run("simulate", folder, "--trace", tmp_path / "trace.csv", "--json")
    policies = {own["policy"]: own for own in done.document["policies"]}
    assert policies["ten minutes"]["cold"] == 1.0
    assert policies["window"]["cold"] < 0.1
    assert policies["hybrid"]["cold"] < 0.3
    assert policies["chosen anew"]["cold"] < 0.3
    assert has_line(run("simulate", folder, "--trace", tmp_path / "trace.csv").stdout, "LSTH", "day's histogram")
    assert run("simulate", folder).code == 2
