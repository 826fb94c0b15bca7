"""Markets as files have them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import serflow_opt as so
from serflow_opt.families.spot.market_file import read_market
from serflow_opt.families.spot.problem import SpotPool

HEAD = 'schema = 1\nkind = "spot"\nname = "s"\nrate_per_s = 20\nservice_ms = 100\nlatency_slo_ms = 300\n'
OFFERS = (
    '[[zone]]\nname = "y"\n[[zone]]\nname = "z"\n[[offer]]\nname = "a"\nusd_per_hour = 1\nmachines_max = 9\n'
    '[[offer]]\nname = "b"\nusd_per_hour = 1\nzone = "y"\nmachines_max = 9\n'
    '[[offer]]\nname = "c"\nusd_per_hour = 1\nzone = "z"\nmachines_max = 9\n'
)


def pool_in(folder: Path, head: str = HEAD) -> SpotPool:
    """Return a pool of nine machines of each of three offers."""
    (folder / "instance.toml").write_text(head + OFFERS, encoding="utf-8")
    pool: SpotPool = so.load(folder).data
    return pool


def test_what_is_there_at_the_start_of_each_step(tmp_path: Path) -> None:
    """Rows of 100 and 50 s in steps of 60 s: at 0 and 60 the first, at 120 the second; z, left out, always is."""
    (tmp_path / "m.csv").write_text("seconds,rate_per_s,y\n100,20,1\n50,5,0\n", "utf-8")
    market = read_market(pool_in(tmp_path), tmp_path / "m.csv", 60.0)
    assert market.up.tolist() == [[True, True, True], [True, True, True], [True, False, True]]
    assert market.requests.tolist() == [1200.0, 1200.0, 300.0]
    assert market.need[0] > market.need[2] > 0
    assert market.late.shape == (2, 28)
    assert np.all(market.late[0] <= market.late[1] + 1e-12)


def test_the_shipped_market() -> None:
    """45 days of hours; us-west-2b is there for nine tenths of them."""
    pool = so.load("spot-v100").data
    market = read_market(pool, Path("spot-v100/hours.csv"), 3600.0)
    assert len(market) == 1091
    assert market.up[:, 1].mean() == pytest.approx(0.905, abs=0.01)


@pytest.mark.parametrize(
    ("text", "step_s", "place"),
    [
        ("seconds,y\n1000000,1\n", 1.0, "seconds"),
        ("seconds,y\n0,1\n", 1.0, "seconds"),
        ("seconds,rate_per_s\n10,900\n", 1.0, "column rate_per_s"),
        ("seconds,x\n10,1\n", 1.0, "unknown column 'x'"),
    ],
)
def test_what_is_no_market(tmp_path: Path, text: str, step_s: float, place: str) -> None:
    """Too many steps or none, too many requests, a column that is no zone."""
    (tmp_path / "m.csv").write_text(text, "utf-8")
    with pytest.raises(so.InputError) as error:
        read_market(pool_in(tmp_path), tmp_path / "m.csv", step_s)
    assert place in str(error.value)


def test_rates_beside_workers(tmp_path: Path) -> None:
    """Where workers are given there is no queue to ask."""
    (tmp_path / "m.csv").write_text("seconds,rate_per_s\n10,9\n", "utf-8")
    pool = pool_in(tmp_path, 'schema = 1\nkind = "spot"\nname = "s"\nworkers_min = 2\n')
    with pytest.raises(so.InputError, match="beside workers_min"):
        read_market(pool, tmp_path / "m.csv", 1.0)
