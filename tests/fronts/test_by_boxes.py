"""The search of boxes: rented machines and percentiles against exhaustive search, in parallel, resumed, cut short."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from oracles.adapted_instances import adapted_document
from oracles.brute_fronts import adapted_front, covers, points_of, same
from oracles.random_instances import write

import serflow_opt as so
from serflow_opt.fronts.methods import FrontRequest, by_solves
from serflow_opt.ground.deadline import Deadline

TRIPLES = (("cost", "latency", "privacy"), ("cost", "latency", "energy"), ("cost", "privacy", "accuracy"))


def coupled(seed: int) -> dict[str, Any]:
    """A document with rented machines and a percentile of the latency."""
    document = adapted_document(seed, limits=False)
    document["workload"] |= {"rate_per_s": 20.0, "latency_measure": ("p95", "mean", "p90")[seed % 3]}
    document["objective"] = {"minimize": "cost", "accounting": "reserved"}
    return document


def objectives_of(document: dict[str, Any], seed: int) -> tuple[str, ...]:
    names = TRIPLES[seed % len(TRIPLES)]
    return names if "exits" in document else tuple(name for name in names if name != "accuracy")


@pytest.mark.parametrize("seed", [*range(510, 515), 517, 519])
def test_rented_machines_and_percentiles(seed: int, tmp_path: Path) -> None:
    """Where machines are rented whole the search of boxes finds the front of exhaustive search."""
    document = coupled(seed)
    objectives = objectives_of(document, seed)
    front = so.pareto(so.load(write(document, tmp_path)), objectives, method="milp")  # type: ignore[arg-type]
    assert front.complete
    assert same(points_of(front), adapted_front(document, objectives))


@pytest.mark.parametrize("seed", range(540, 546))
def test_coverage(seed: int, tmp_path: Path) -> None:
    """A coarse front has no more plans than the whole one and covers it as promised."""
    document = coupled(seed)
    objectives = objectives_of(document, seed)
    instance = so.load(write(document, tmp_path))
    front = so.pareto(instance, objectives, method="milp", coverage=0.2)  # type: ignore[arg-type]
    expected = adapted_front(document, objectives)
    assert front.coverage == 0.2
    assert len(front.plans) <= len(expected)
    assert covers(points_of(front), expected, objectives, 0.2)


def a_document() -> dict[str, Any]:
    """The first document with a front of some size."""
    return next(
        d for d in map(coupled, range(500, 540)) if 5 < len(adapted_front(d, ("cost", "latency", "privacy"))) < 15
    )


def test_two_processes_find_the_same(tmp_path: Path) -> None:
    """Boxes searched by two processes make the same front."""
    document = a_document()
    instance = so.load(write(document, tmp_path))
    front = so.pareto(instance, ("cost", "latency", "privacy"), method="milp", jobs=2)
    assert front.complete
    assert same(points_of(front), adapted_front(document, ("cost", "latency", "privacy")))


def test_a_journal_goes_on_where_a_search_ended(tmp_path: Path) -> None:
    """A killed search goes on from its journal, and a journal of another question is refused."""
    document = a_document()
    instance, journal = so.load(write(document, tmp_path)), tmp_path / "journal.jsonl"
    names: Any = ("cost", "latency", "privacy")
    whole = so.pareto(instance, names, method="milp", journal=journal)
    lines = journal.read_text(encoding="utf-8").splitlines()
    assert len(lines) > 5
    cut = [*lines[:4], lines[4][: len(lines[4]) // 2]]  # killed while it wrote the fourth answer
    journal.write_text("\n".join(cut), encoding="utf-8")
    again = so.pareto(instance, names, method="milp", journal=journal)
    assert again.complete
    assert same(points_of(again), points_of(whole))
    assert again.counts["solves"] < whole.counts["solves"]
    nothing_left = so.pareto(instance, names, method="milp", journal=journal)
    assert nothing_left.counts["solves"] <= 2 * len(names)  # the ends of the front
    with pytest.raises(so.InputError, match="another instance or question"):
        so.pareto(instance.with_limits(rate_per_s=21.0), names, method="milp", journal=journal)
    journal.write_text("no JSON\n", encoding="utf-8")
    with pytest.raises(so.InputError, match="cannot be used"):
        so.pareto(instance, names, method="milp", journal=journal)
    assert all(isinstance(json.loads(line), dict) for line in lines)


def test_no_time(tmp_path: Path) -> None:
    """Without time a front does not claim to be complete."""
    instance = so.load(write(a_document(), tmp_path))
    front = so.pareto(instance, ("cost", "latency", "privacy"), method="milp", time_limit=0.0)
    assert not front.complete  # bounds alone may have proven some plans
    assert front.coverage is None


def test_no_plan(tmp_path: Path) -> None:
    """That no plan exists is a complete answer."""
    document = coupled(500)
    document["workload"]["latency_slo_ms"] = 1e-6
    front = so.pareto(so.load(write(document, tmp_path)), ("cost", "latency"), method="milp")
    assert front.complete
    assert front.plans == []


def test_what_is_reported(tmp_path: Path) -> None:
    """Progress tells how many plans there are and how many boxes are open."""
    told: list[tuple[str, int]] = []
    instance = so.load(write(a_document(), tmp_path))
    asked = FrontRequest(
        instance, ("cost", "latency"), 0.0, Deadline(), 1, None, lambda doing, plans, gap: told.append((doing, plans))
    )
    result = by_solves(asked)
    assert result is not None
    assert told[-1][1] == len(result.decisions)
    assert "boxes open" in told[-1][0]
