"""Kinds of problems by name, and quantities of a family."""

from __future__ import annotations

import dataclasses

import pytest
from support.knapsack import KNAPSACK

from serflow_opt.errors import InputError
from serflow_opt.families import registry


def test_an_unknown_kind_is_told_those_there_are() -> None:
    """The file with the misspelt kind is named, and what could be meant."""
    with pytest.raises(InputError) as told:
        registry.get("plasement", "here.toml")
    (problem,) = told.value.problems
    assert (problem.file, problem.place) == ("here.toml", "kind")
    assert "placement" in problem.cure


def test_an_unknown_quantity_is_told_the_nearest() -> None:
    """A misspelt objective is not taken for another one."""
    with pytest.raises(InputError, match=r"'wieght' is none of a knapsack; did you mean weight"):
        registry.quantity(KNAPSACK, "wieght")
    assert registry.quantity(KNAPSACK, "weight") is KNAPSACK.quantities[1]


def test_a_family_takes_the_place_of_one_of_its_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever registers a better family for a kind gets it, once among the kinds."""

    @dataclasses.dataclass
    class Asked:
        kind: str = "knapsack"

    monkeypatch.setattr(registry, "_families", {})
    registry.register(KNAPSACK)
    mine = registry.register(Asked())  # type: ignore[arg-type]
    assert registry.get("knapsack") is registry.family_of(Asked()) is mine
    assert registry.kinds().count("knapsack") == 1
