"""Answers of any family as tables: a knapsack of three items, by head."""

from __future__ import annotations

from pathlib import Path

from support.helpers import has_line
from support.sacks import write
from support.shown import text_of

import serflow_opt as so
from serflow_opt.report.solution import decided_words, solutions_table

ITEMS = [(6.0, 1.0, 2.0), (5.0, 1.0, 1.0), (9.0, 2.0, 4.0)]
"""Value, kg, USD an hour: within 2 kg the first two are worth 11, the third 9."""


def test_an_answer_has_its_decision_figures_and_proof(tmp_path: Path) -> None:
    """Two items of 2,000 g for 3 USD."""
    text = text_of(so.solve(write(tmp_path, "sack", ITEMS, "weight_max = 2000")))
    assert has_line(text, "sack", "optimal")
    assert has_line(text, "items", '["i0", "i1"]')
    assert has_line(text, "value", "11")
    assert has_line(text, "weight", "2000", "g")
    assert has_line(text, "price", "3", "USD/hour")
    assert has_line(text, "value 11, bound 11")


def test_answers_in_a_list(tmp_path: Path) -> None:
    """A row each, without a value where there is none."""
    good = so.solve(write(tmp_path / "a", "good", ITEMS, "weight_max = 2000"))
    bad = so.solve(write(tmp_path / "b", "bad", ITEMS, "weight_max = 2000, value_min = 12"))
    _, first, second = text_of(solutions_table([good, bad])).splitlines()
    assert first.split()[:3] == ["good", "optimal", "11"]
    assert second.split()[:2] == ["bad", "infeasible"]
    assert "value_min" in text_of(bad)


def test_a_front_has_a_row_a_decision(tmp_path: Path) -> None:
    """Of eight subsets within 2 kg these are not worse in both: nothing, i1, i0, i0 with i1."""
    text = text_of(so.pareto(write(tmp_path, "sack", ITEMS, "weight_max = 2000"), ("value", "price")))
    assert has_line(text, "sack", "4 decisions", "the complete front")
    for value, price, items in ((11, 3, '"i0", "i1"'), (6, 2, '"i0"'), (5, 1, '"i1"')):
        assert has_line(text, str(value), str(price), items)
    assert '"i2"' not in text


def test_a_fleet_says_what_is_shared(tmp_path: Path) -> None:
    """Two such sacks for 5 USD: 11 for 3, and 6 for 2."""
    sacks = [write(tmp_path / name, name, ITEMS, "weight_max = 2000") for name in ("a", "b")]
    text = text_of(so.solve_fleet(sacks, budget_usd_per_hour=5.0))
    assert has_line(text, "optimal", "value 17")
    assert has_line(text, "price 5 of 5")
    assert sum(has_line(line, "11", "3") or has_line(line, "6", "2") for line in text.splitlines()) >= 2


def test_what_limits_cost(tmp_path: Path) -> None:
    """Without 2 kg all three are worth 20; a value above 11 is to be had from 3 kg on: 15."""
    text = text_of(so.explain(write(tmp_path, "sack", ITEMS, "weight_max = 2000, price_max = 10")))
    assert has_line(text, "weight_max", "2000", "15 at 3000", "20")
    assert has_line(text, "price_max", "10", "3", "does not bind")


def test_a_family_without_words_shows_its_document() -> None:
    """As JSON, in a line."""
    from support import knapsack  # noqa: F401 (makes the family known)

    assert decided_words("knapsack", {"items": ["i0"]}) == '{"items": ["i0"]}'
