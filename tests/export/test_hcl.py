"""HCL as `terraform fmt` writes it."""

from __future__ import annotations

from typing import Any

import pytest

from serflow_opt.export.hcl import Attribute, Nest, literal, literal_text, render


def test_equal_signs_of_neighbours_stand_in_a_column() -> None:
    """Empty lines, comments and blocks end a column; a value of several lines stands by itself."""
    items = [
        "two\nlines",
        Attribute("a", "1"),
        Attribute("long", "2"),
        None,
        Nest("block", [Attribute("b", "[\n  3,\n]"), Attribute("c", "4", "why")]),
    ]
    assert render(items) == ("# two lines\na    = 1\nlong = 2\n\nblock {\n  b = [\n    3,\n  ]\n  # why\n  c = 4\n}\n")


def test_a_reason_begins_a_column_of_its_own() -> None:
    """Terraform's formatter aligns no further than a comment."""
    assert render([Attribute("a", "1"), Attribute("long", "2", "why")]) == "a = 1\n# why\nlong = 2\n"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (0.1, "0.1"),
        ([1, "x"], '[1, "x"]'),
        ({"a": 1, "b-c": [2]}, '{ a = 1, "b-c" = [2] }'),
        ([{"a": 1}], "[\n  { a = 1 },\n]"),
        ([], "[]"),
    ],
)
def test_values_of_json(value: Any, text: str) -> None:
    """Each value of JSON has its form; objects in a list have a line each."""
    assert literal(value) == text


def test_nothing_in_a_text_is_interpolated() -> None:
    """A name with ${...} is that name, and no reference that Terraform would look up."""
    assert literal_text('${a} %{b} "c"') == '"$${a} %%{b} \\"c\\""'
