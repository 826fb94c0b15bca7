"""Keys of [uncertainty], each with its kind of value."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from serflow_opt.problem.uncertainty_table import ScenarioTable, UncertaintyTable


def test_one_number_or_one_a_stage() -> None:
    """Shares are numbers, lists by stage, or tables by tier."""
    table = UncertaintyTable.model_validate({"budget": 1, "times": [0.5, 0.1], "prices": {"vm": 0.2}})
    assert (table.times, table.prices, table.exits) == ([0.5, 0.1], {"vm": 0.2}, 0.0)


@pytest.mark.parametrize("keys", [{"budget": 1.5}, {"exits": 1.5}, {"times": -0.1}, {"hold": 0.0}, {"beta": 1.0}])
def test_values_outside_their_range_are_refused(keys: dict[str, float]) -> None:
    """Budgets count parts, and no more than all may stay instead of leaving."""
    with pytest.raises(ValidationError):
        UncertaintyTable.model_validate(keys)


def test_factors_of_scenarios_are_above_zero() -> None:
    """Nothing takes no time."""
    with pytest.raises(ValidationError):
        ScenarioTable.model_validate({"name": "a", "times": 0.0})
