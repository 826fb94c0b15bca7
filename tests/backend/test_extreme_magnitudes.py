"""Prices, operations, sizes and rates of any magnitude, by both methods, against all decisions there are."""

from __future__ import annotations

from pathlib import Path

import pytest
from oracles.compare_enumeration import Method, compare
from oracles.enumeration_draws import draw

REFUSED = (5, 10, 23, 39, 61, 62, 83, 84, 97, 112)
"""Costs reach from 1e-20 to beyond 1e15 of each other: HiGHS refuses them as they are."""


@pytest.mark.parametrize("method", ["auto", "milp"])
@pytest.mark.parametrize("seed", [*REFUSED, *range(200, 206)])
def test_the_best_of_all_decisions_is_found(tmp_path: Path, seed: int, method: Method) -> None:
    """Prices of any magnitude change the numbers of the answer, not which decision is best."""
    outcome = compare(draw(seed, tmp_path, ("truncated", "cold"), ("extreme",)), method)
    assert outcome.verdict == "agreed", outcome.words
