"""Answers by mixes of thresholds held against enumeration."""

from __future__ import annotations

from pathlib import Path

from oracles.compare_enumeration import judge
from oracles.enumeration import best
from oracles.enumeration_reading import read


def agrees(seed: int, path: Path) -> None:
    """Status, value, ties and every figure are those of the enumeration; what mixes do not cover is left to others."""
    document = read(path)
    outcome = judge(path, document, best(document), "mixes", 60.0)
    assert outcome.verdict in ("agreed", "uncovered"), (seed, outcome.words)
