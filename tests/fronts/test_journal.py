"""Searches of fronts that go on where they ended, box by box or placement by placement."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from oracles.adapted_instances import adapted_document
from oracles.brute_fronts import adapted_front, points_of, same
from oracles.writing import write
from support.coupled_fronts import a_document

import serflow_opt as so

NAMES: Any = ("cost", "latency", "privacy")


@pytest.mark.parametrize("seed", [0, 1])
def test_a_front_by_placements_goes_on_where_it_ended(tmp_path: Path, seed: int) -> None:
    """Cut anywhere, the file leads to the front of exhaustive search, and what was done is not done again."""
    document = adapted_document(seed, limits=False)
    document["objective"] = {"minimize": "cost"}
    document["workload"]["latency_measure"] = ("worst", "mean")[seed]
    expected = adapted_front(document, NAMES)
    instance, journal = so.load(write(document, tmp_path)), tmp_path / "journal.jsonl"
    assert same(points_of(so.pareto(instance, NAMES, method="placements", journal=journal)), expected)
    lines = journal.read_text(encoding="utf-8").splitlines()
    assert all(set(json.loads(line)) == {"placement", "gap", "levels"} for line in lines[1:])
    for kept in range(1, len(lines), max(len(lines) // 4, 1)):
        journal.write_text("\n".join([*lines[:kept], lines[kept][:-3]]), encoding="utf-8")
        front = so.pareto(instance, NAMES, method="placements", journal=journal)
        assert front.complete
        assert same(points_of(front), expected)
        assert journal.read_text(encoding="utf-8").splitlines()[:kept] == lines[:kept]
    assert so.pareto(instance, NAMES, method="placements", journal=journal).counts["labels"] == 0


def test_rows_of_another_kind_are_refused(tmp_path: Path) -> None:
    """A file of another search or with something else in it is named, with what to do."""
    document = adapted_document(0, limits=False)
    document["objective"] = {"minimize": "cost"}
    instance, journal = so.load(write(document, tmp_path)), tmp_path / "journal.jsonl"
    so.pareto(instance, NAMES, method="placements", journal=journal)
    with pytest.raises(so.InputError, match="another instance or question"):
        so.pareto(instance, NAMES[:2], method="placements", journal=journal)
    first = journal.read_text(encoding="utf-8").splitlines()[0]
    journal.write_text(f'{first}\n{{"placement": "many"}}\n', encoding="utf-8")
    with pytest.raises(so.InputError, match="cannot be used"):
        so.pareto(instance, NAMES, method="placements", journal=journal)


def test_a_journal_goes_on_where_a_search_ended(tmp_path: Path) -> None:
    """A killed search goes on from its journal, and a journal of another question is refused."""
    document = a_document()
    instance, journal = so.load(write(document, tmp_path)), tmp_path / "journal.jsonl"
    whole = so.pareto(instance, NAMES, method="milp", journal=journal)
    lines = journal.read_text(encoding="utf-8").splitlines()
    assert len(lines) > 5
    cut = [*lines[:4], lines[4][: len(lines[4]) // 2]]  # killed while it wrote the fourth answer
    journal.write_text("\n".join(cut), encoding="utf-8")
    again = so.pareto(instance, NAMES, method="milp", journal=journal)
    assert again.complete
    assert same(points_of(again), points_of(whole))
    assert again.counts["solves"] < whole.counts["solves"]
    nothing_left = so.pareto(instance, NAMES, method="milp", journal=journal)
    assert nothing_left.counts["solves"] <= 2 * len(NAMES)  # the ends of the front
    with pytest.raises(so.InputError, match="another instance or question"):
        so.pareto(instance.with_limits(rate_per_s=21.0), NAMES, method="milp", journal=journal)
    journal.write_text("no JSON\n", encoding="utf-8")
    with pytest.raises(so.InputError, match="cannot be used"):
        so.pareto(instance, NAMES, method="milp", journal=journal)
    assert all(isinstance(json.loads(line), dict) for line in lines)
