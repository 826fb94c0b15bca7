"""The table of letters that the documentation shows."""

from __future__ import annotations

import importlib
import inspect
import re

import pytest

from serflow_opt.formulations.notation import NOTATION, as_markdown

CLASSES = {
    "Data": "formulations.coefficients",
    "Sets": "formulations.sets",
    "Stage": "problem.network",
    "Menu": "problem.network",
    "Instance": "problem.instance",
    "Metrics": "plan.document",
}


def test_every_letter_has_a_row_with_its_meaning() -> None:
    """No cell breaks the table, and no letter stands twice."""
    lines = as_markdown().splitlines()
    assert len(lines) == len(NOTATION) + 2
    assert {line.count("|") for line in lines} == {6}
    assert len({own.symbol for own in NOTATION}) == len(NOTATION)
    for own, line in zip(NOTATION, lines[2:], strict=True):
        assert f"| {own.meaning} |" in line


SHARED = {
    "v": "variant, and a flow",
    "w": "way, and weights",
    "a": "activation, and load",
    "A": "an accuracy, and the one that is asked for",
}
SHARED |= {"T": "times", "C": "prices, and Erlang's formula", "λ": "rates", "MSE": "errors"}
"""Letters with several indices or in several parts of the model: this list may only get shorter."""


def test_a_letter_means_one_thing() -> None:
    """What stands before the index belongs to one row, but for letters that are known to be shared."""
    rows: dict[str, set[str]] = {}
    for own in NOTATION:
        for symbol in re.split(r", (?![^{]*})", own.symbol.split(" = ")[0]):
            rows.setdefault(symbol.split("_")[0], set()).add(own.symbol)
    assert {letter for letter, those in rows.items() if len(those) > 1} == set(SHARED)


NAMES = [name for own in NOTATION for name in own.model.split(", ") if name.split(".")[0] in CLASSES and "." in name]


@pytest.mark.parametrize("name", NAMES)
def test_what_a_letter_is_called_in_the_code_is_there(name: str) -> None:
    """A reader who looks a letter up finds the attribute, whatever was renamed since."""
    owner, attribute = name.split(".")
    made = getattr(importlib.import_module(f"serflow_opt.{CLASSES[owner]}"), owner)
    fields = getattr(made, "__dataclass_fields__", {}) | getattr(made, "model_fields", {})
    assert hasattr(made, attribute) or attribute in fields or f"self.{attribute}" in source_of(made)


def source_of(made: type) -> str:
    """The source of a class and of those it extends."""
    return "".join(inspect.getsource(own) for own in made.__mro__[:-1] if own.__module__.startswith("serflow_opt"))
