"""A pool held in a market, by hand: steps of 100 s, machines at 1 USD a step."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from support.helpers import run
from support.spot_markets import market_of, pool_of

from serflow_opt.families.spot.held import held

POOL = pool_of([3.0, 1.0, 1.0], [0, 1, 0], [6, 6, 6])


def test_what_is_lost_is_started_again() -> None:
    """Two in a zone that is away for two of six steps, and start for one: three short steps in one run.

    They are paid in 4 steps, 8 USD in 600 s; two are lost once.
    """
    market = market_of(POOL, [[1, 1]] * 2 + [[0, 1]] * 2 + [[1, 1]] * 2, [2] * 6)
    found, short = held(POOL, market, (0, 2, 0))
    assert found["cost"] == pytest.approx(8 / 600 * 3600)
    assert found["late"] == pytest.approx(0.5)
    assert found["availability"] == pytest.approx(0.5)
    assert found["interruptions"] == pytest.approx(2 / 600 * 86_400)
    assert short == [300.0]


def test_from_the_command_line(tmp_path: Path) -> None:
    """`simulate --trace` tells the plan beside the market."""
    path = tmp_path / "market.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("seconds", "us-west-2b"), (6000, 1), (3000, 0)])
    done = run("simulate", "spot-v100", "--trace", str(path))
    assert done.code == 0, done.stderr
    assert "market.csv, held there" in done.stdout
