"""Fronts of random small instances with adaptations, privacy and energy against exhaustive search."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from oracles.adapted_instances import adapted_document
from oracles.brute_fronts import adapted_front, points_of, same
from oracles.writing import write

import serflow_opt as so

NAMES = ("cost", "latency", "privacy", "energy", "accuracy")
PAIRS, TRIPLES = list(combinations(NAMES, 2)), list(combinations(NAMES, 3))


def pure(seed: int) -> dict[str, Any]:
    """A document of the pure chain: paid per request, latency as mean or worst case."""
    document = adapted_document(seed, limits=seed % 3 == 0)
    document["objective"] = {"minimize": "cost", "accounting": "per-request"}
    document["workload"]["latency_measure"] = ("mean", "worst")[seed % 2]
    return document


def check(document: dict[str, Any], objectives: tuple[str, ...], folder: Path, method: Any = "auto") -> int:
    if "exits" not in document:
        objectives = tuple(name for name in objectives if name != "accuracy")
    if len(objectives) < 2:
        pytest.skip("the accuracy is not known")
    front = so.pareto(so.load(write(document, folder)), objectives, method=method)  # type: ignore[arg-type]
    expected = adapted_front(document, objectives)
    assert front.complete
    found = points_of(front)
    assert same(found, expected), f"{len(found)} points, {len(expected)} expected"
    return len(expected)


@pytest.mark.parametrize("seed", range(0, 40, 4))
def test_two_objectives(seed: int, tmp_path: Path) -> None:
    """Fronts of any two objectives of adapted plans miss no point and hold no beaten one."""
    check(pure(seed), PAIRS[seed % len(PAIRS)], tmp_path)


SLOW = {212, 262, 317, 202}
"""Fronts of up to 60 points that only the search of boxes covers, with the accuracy among the objectives."""


@pytest.mark.parametrize("seed", [seed for seed in range(200, 280, 4) if seed not in SLOW])
def test_three_objectives(seed: int, tmp_path: Path) -> None:
    """Fronts of three objectives of adapted plans miss no point and hold no beaten one."""
    check(pure(seed), TRIPLES[seed % len(TRIPLES)], tmp_path)


@pytest.mark.parametrize("seed", [seed for seed in range(300, 315) if seed % 3])
def test_four_and_five_objectives(seed: int, tmp_path: Path) -> None:
    """Placement by placement, where no limit on anything else stands in the way."""
    document = pure(seed)
    names = NAMES if seed % 2 else tuple(name for name in NAMES if name != NAMES[seed % len(NAMES)])
    check(document, names, tmp_path)


def test_fronts_are_worth_looking_at() -> None:
    """The drawn fronts have points enough for a mistake to show."""
    sizes = [len(adapted_front(pure(seed), TRIPLES[seed % len(TRIPLES)])) for seed in range(200, 220)]
    assert np.mean(sizes) > 5


@pytest.mark.parametrize(
    ("seed", "objectives"), [(7041, ("cost", "privacy")), (7076, ("latency", "privacy", "energy"))]
)
def test_leaks_at_a_limit_of_nothing_and_below_zero(seed: int, objectives: tuple[str, ...], tmp_path: Path) -> None:
    """A privacy_max of 0 that many plans meet exactly, and small negative losses, against absolute tolerances."""
    check(pure(seed), objectives, tmp_path)
