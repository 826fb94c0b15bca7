"""Which page an answer gets."""

from __future__ import annotations

from typing import Any

import pytest

import serflow_opt as so
from serflow_opt.errors import InputError
from serflow_opt.pages.kinds import title_of
from serflow_opt.pages.page import page_of


def test_decisions_and_fronts_of_other_families(read: Any) -> None:
    """A pipeline's decision as figures and tables; its front to click through."""
    pipeline = so.load("vgg16-pipeline")
    assert "ms/mini-batch" in read(page_of(so.solve(pipeline))).text
    front = so.pareto(pipeline, ("time", "rent"))
    assert read(page_of(front)).count("article") == len(front.plans)


def test_what_has_no_page_is_a_table(read: Any) -> None:
    """An answer that nobody knows is laid out all the same."""
    page = read(page_of({"instance": "x", "figure": 3}))
    assert "figure" in page.text
    assert title_of({}) == "serflow-opt"


def test_half_an_answer_is_refused() -> None:
    """Keys of an answer without its values: told, not an internal error."""
    with pytest.raises(InputError):
        page_of({"policies": [{}], "clairvoyant": {}})
    with pytest.raises(InputError):
        page_of({"plan": 1, "metrics": 2, "certificate": 3, "objective": 4})
