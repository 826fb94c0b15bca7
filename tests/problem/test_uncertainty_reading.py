"""[uncertainty] of instance files: what it says, and what is wrong with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from oracles.writing import write
from support.two_stages import document

import serflow_opt as so
from serflow_opt.errors import InputError


def written(folder: Path, **uncertainty: Any) -> Path:
    """Two stages on cards with a table [uncertainty]."""
    plain = document()
    plain["tier"][0].pop("batch"), plain["tier"][0].pop("batch_wait_ms")
    return write({**plain, "uncertainty": uncertainty}, folder)


def problem(folder: Path, **uncertainty: Any) -> str:
    """What is said of a table that is wrong."""
    with pytest.raises(InputError) as error:
        so.load(written(folder, **uncertainty))
    return str(error.value)


def test_one_number_is_of_all_stages_or_tiers(tmp_path: Path) -> None:
    """Classifiers that let nobody leave, and the last one, do not deviate."""
    asked = so.load(written(tmp_path, budget=1, times=0.5, exits=0.1, prices={"gpu": 0.2})).uncertainty
    assert (asked.budget, asked.goal) == (1, "worst")
    assert (asked.times, asked.exits, asked.prices) == ((0.5, 0.5), (0.1, 0.0), (0.2,))


def test_scenarios_are_equally_likely_where_nothing_is_said(tmp_path: Path) -> None:
    """Factors of 1 are as believed."""
    asked = so.load(written(tmp_path, scenario=[{"name": "a"}, {"name": "b", "times": [1.0, 2.0]}])).uncertainty
    assert [case.probability for case in asked.scenarios] == [0.5, 0.5]
    assert [case.times for case in asked.scenarios] == [(), (1.0, 2.0)]
    assert asked.goal == "expected"


@pytest.mark.parametrize(
    ("uncertainty", "place"),
    [
        ({"times": 0.5}, "uncertainty.budget"),
        ({"budget": 1}, "nothing may deviate"),
        ({"budget": 1, "times": [0.5]}, "uncertainty.times"),
        ({"budget": 1, "prices": {"cpu": 0.5}}, "uncertainty.prices.cpu"),
        ({"budget": 1, "times": 0.5, "objective": "expected"}, "uncertainty.objective"),
        ({"budget": 1, "times": 0.5, "hold": 0.9}, "uncertainty.hold"),
        ({"budget": 1, "scenario": [{"name": "a"}]}, "uncertainty.budget"),
        ({"objective": "cvar", "scenario": [{"name": "a"}]}, "uncertainty.beta"),
        ({"objective": "believed", "scenario": [{"name": "a"}]}, "uncertainty.objective"),
        ({"scenario": [{"name": "a"}, {"name": "a"}]}, "'a' twice"),
        ({"scenario": [{"name": "a", "probability": 0.5}, {"name": "b"}]}, "1 without a probability"),
        ({"scenario": [{"name": "a", "probability": 0.5}]}, "probabilities add up to 0.5"),
        ({"scenario": [{"name": "a", "exits": 2.0}]}, "uncertainty.scenario[1].exits"),
        ({"scenario": [{"name": "a", "table": "none.csv"}]}, "none.csv"),
        ({"budget": 1, "time": 0.5}, "uncertainty.time"),
    ],
)
def test_what_does_not_go_together_is_told(tmp_path: Path, uncertainty: dict[str, Any], place: str) -> None:
    """Each fault is named with its place."""
    assert place in problem(tmp_path, **uncertainty)
