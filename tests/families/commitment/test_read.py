"""Demands and plans as they are read."""

from __future__ import annotations

from pathlib import Path

import pytest

import serflow_opt as so
from serflow_opt.families.commitment.problem import Commitments


def test_rows_alike_are_one_and_narrow_plans_stand_first(tmp_path: Path) -> None:
    """Two rows of the same demand last as long together; c6i.large has the catalogue's price, 0.085."""
    (tmp_path / "demand.csv").write_text("hours,c6i.large,f\n1,2,0.5\n2,1,0.5\n3,2,0.5\n")
    (tmp_path / "instance.toml").write_text(
        'schema = 1\nkind = "commitment"\nname = "c"\ndemand = "demand.csv"\ntimes = 2\n'
        '[[rented]]\nname = "f"\nusd_per_hour = 1\n'
        '[[plan]]\nname = "wide"\ncovers = ["c6i.large", "f"]\nmonths = 12\ndiscount = 0.2\ndiscounts = { f = 0.1 }\n'
        '[[plan]]\nname = "narrow"\ncovers = ["c6i.large"]\nterm = "3yr_all_upfront"\nwhole = true\n'
    )
    data: Commitments = so.load(tmp_path).data
    assert data.demand.tolist() == [[2.0, 1.0], [4.0, 1.0]]
    assert data.hours.tolist() == [2.0, 4.0]
    assert data.prices == (0.085, 1.0)
    narrow, wide = data.plans
    assert (narrow.months, narrow.upfront, narrow.step) == (36, 1.0, pytest.approx(0.085 * 0.4))
    assert wide.rates == {0: pytest.approx(0.068), 1: pytest.approx(0.9)}
