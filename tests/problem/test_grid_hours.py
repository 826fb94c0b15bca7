"""Hours of a grid: the seconds they weigh, the table they are read from, and whose column is whose."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.helpers import load, two_tiers

from serflow_opt.errors import InputError, Problem
from serflow_opt.problem.grid_hours import GridHours, hours_of, read_grids

TABLE = "hour,requests_per_s,us-east-1,britain\n0,5,100,50\n1,6,300,150\n"


def test_seconds_by_their_hour() -> None:
    """Half an hour at 0.5 and one at 1.5; two days of two hours are four hours; before second 0 it is the last hour."""
    hours = GridHours((0.5, 1.5))
    assert hours.weighted_s([1800.0], [5400.0]).tolist() == [900.0 + 2700.0]
    assert hours.weighted_s([0.0], [4 * 3600.0]).tolist() == [4 * 3600.0]
    assert hours.weighted_s([-100.0], [100.0]).tolist() == [150.0 + 50.0]
    assert hours.at([0.0, 3600.0, 7200.0]).tolist() == [0.5, 1.5, 0.5]
    assert hours.changes(0.0, 7200.0).tolist() == [3600.0]


def test_later_start() -> None:
    """Half an hour into the table, the hour changes after half an hour."""
    hours = GridHours((0.5, 1.5), 1800.0)
    assert hours.changes(0.0, 3600.0).tolist() == [1800.0]
    assert hours.weighted_s([0.0], [3600.0]).tolist() == [900.0 + 2700.0]


def test_table(tmp_path: Path) -> None:
    """A column a grid; what a table of hours has beside is left alone; a row that begins a trace turns the others."""
    (tmp_path / "hours.csv").write_text(TABLE)
    problems: list[Problem] = []
    grids = read_grids(tmp_path / "hours.csv", problems)
    assert grids == {"us-east-1": [100.0, 300.0], "britain": [50.0, 150.0]}
    assert hours_of(grids, None, "us-east-1", 1) == (200.0, GridHours((1.5, 0.5)))
    assert hours_of(grids, None, "eu-west-1", 0) is None
    assert isinstance(hours_of(grids, "brittain", "us-east-1", 0), Problem)
    assert isinstance(hours_of(grids, "britain", "us-east-1", 2), Problem)
    assert not problems


def test_tiers_take_the_mean(tmp_path: Path) -> None:
    """Plans count with 200 g/kWh in Virginia, the mean of 100 and 300, and 1.135 kWh for each; stated figures stay."""
    (tmp_path / "hours.csv").write_text(TABLE)
    vm = {"name": "vm", "kind": "vm", "options": ["m5.large"], "flops_per_s_per_vcpu": 1e10}
    document = two_tiers() | {"link": [], "carbon": {"hours": "hours.csv"}}
    tiers = load(document | {"tier": [vm, vm | {"name": "other", "g_per_kwh": 36.0, "pue": 1.0}]}, tmp_path).tiers
    assert tiers[0].g_per_joule == pytest.approx(200 * 1.135 / 3.6e6, rel=1e-12)
    assert tiers[0].grid_hours == GridHours((0.5, 1.5))
    assert tiers[1].g_per_joule == pytest.approx(1e-5)
    assert tiers[1].grid_hours is None


@pytest.mark.parametrize(
    ("carbon", "tier", "found"),
    [
        ({"hours": "hours.csv"}, {"grid": "brittain"}, r"grid.*no column 'brittain'.*britain"),
        ({}, {"grid": "britain"}, r"grid.*without \[carbon\] hours"),
        ({"hours": "hours.csv"}, {"grid": "britain", "g_per_kwh": 5.0}, r"grid.*given together with g_per_kwh"),
        ({"hours": "hours.csv", "first_hour": 2}, {"grid": "britain"}, r"first_hour.*write 0 to 1"),
        ({"hours": "none.csv"}, {"g_per_kwh": None}, r"none\.csv"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, carbon: dict[str, object], tier: dict[str, object], found: str) -> None:
    """Columns that are not there, keys that contradict each other, and rows beyond the table are named."""
    (tmp_path / "hours.csv").write_text(TABLE)
    vm = {"name": "vm", "kind": "vm", "options": ["m5.large"], "flops_per_s_per_vcpu": 1e10}
    vm |= {key: value for key, value in tier.items() if value is not None}
    with pytest.raises(InputError, match=found):
        load(two_tiers() | {"link": [], "carbon": carbon, "tier": [vm]}, tmp_path)
