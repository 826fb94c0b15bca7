"""The search of boxes: rented machines and percentiles against exhaustive search, in parallel, resumed, cut short."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from oracles.brute_fronts import adapted_front, covers, points_of, same
from oracles.writing import write
from support.coupled_fronts import a_document, coupled

import serflow_opt as so
from serflow_opt.fronts.methods import FrontRequest, by_solves
from serflow_opt.ground.deadline import Deadline

TRIPLES = (("cost", "latency", "privacy"), ("cost", "latency", "energy"), ("cost", "privacy", "accuracy"))


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


@pytest.mark.parametrize("seed", [3000, 3001, 3002])
def test_a_worst_case_on_rented_machines_is_lowered_step_by_step(seed: int, tmp_path: Path) -> None:
    """One type a tier: one search by mixes after the other finds the front of exhaustive search, latency first, too."""
    document = coupled(seed)
    document["workload"]["latency_measure"] = "worst"
    for tier in document["tier"]:
        tier.pop("stage_specific", None)
    instance = so.load(write(document, tmp_path))
    for objectives in (TRIPLES[seed % 2], ("latency", "cost")):
        front = so.pareto(instance, objectives, method="milp")  # type: ignore[arg-type]
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


def test_two_processes_find_the_same(tmp_path: Path) -> None:
    """Boxes searched by two processes make the same front."""
    document = a_document()
    instance = so.load(write(document, tmp_path))
    front = so.pareto(instance, ("cost", "latency", "privacy"), method="milp", jobs=2)
    assert front.complete
    assert same(points_of(front), adapted_front(document, ("cost", "latency", "privacy")))


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
