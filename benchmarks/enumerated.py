"""Fronts by going through every plan, with the tests' oracle: formulas that share no code with the package."""

from __future__ import annotations

import csv
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from generate import write_instance

sys.path.append(str(Path(__file__).resolve().parent.parent / "tests"))


def enumerated_front(size: str, seed: int, measure: str, objectives: Sequence[str]) -> tuple[np.ndarray, int]:
    """Return the undominated values (USD, seconds, loss) of a random instance without a latency bound.

    Returns
    -------
    tuple
        The points, and how many plans there are.
    """
    from oracles.adapted import adapted_plans
    from oracles.brute_fronts import adapted_front

    stages, thresholds, options = (int(part) for part in size.split("x"))
    with tempfile.TemporaryDirectory() as name:
        path = write_instance(Path(name), stages, thresholds, options, seed, private="privacy" in objectives)
        document: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        document["tables"] = {file.name: _rows(file) for file in path.parent.glob("*.csv")}
    document["workload"].pop("latency_slo_ms")
    document["workload"]["latency_measure"] = measure
    document["objective"].setdefault("accounting", "per-request")
    plans = adapted_plans(document)
    units = [1e-3 if name == "latency" else 1.0 for name in objectives]
    return adapted_front(document, objectives, plans) * units, len(plans.cost)


def _rows(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8", newline="") as file:
        return [{key: _cell(text) for key, text in row.items() if text != ""} for row in csv.DictReader(file)]


def _cell(text: str) -> int | float | str:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
