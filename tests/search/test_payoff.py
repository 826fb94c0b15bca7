"""Pay-off tables and what is blended on their scale, against all plans."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from oracles.adapted import Plans
from support.goals import GOAL_SEEDS, achieved, lexicographic, plans_of, values
from support.helpers import load

import serflow_opt as so


def weighted_document(seed: int, document: dict[str, Any]) -> tuple[dict[str, Any], dict[str, float]]:
    """The document with weights on two to four objectives, in the order of the key table."""
    rng = np.random.default_rng([7, seed])
    names = ["cost", "latency", "privacy", "energy", "accuracy"][: 5 if "exits" in document else 4]
    chosen = sorted(rng.choice(len(names), int(rng.integers(2, min(4, len(names)) + 1)), replace=False).tolist())
    weights = {names[i]: float(rng.choice([0.25, 0.5, 1.0, 3.0])) for i in chosen}
    objective = {key: value for key, value in document["objective"].items() if key != "then"}
    return document | {"objective": objective | {"minimize": "weighted", "weights": weights}}, weights


def payoff_rows(plans: Plans, names: list[str]) -> list[dict[str, float]]:
    """Row i: objective i first, then the others in their order."""
    return [lexicographic(plans, [first, *(name for name in names if name != first)]) for first in names]


@pytest.mark.parametrize("seed", GOAL_SEEDS)
def test_weighted(seed: int, tmp_path: Path) -> None:
    """Ideal and nadir are of the pay-off table; its rows and the blend are those of all plans."""
    document, plans = plans_of(seed)
    if not plans.keep().any():
        return
    document, weights = weighted_document(seed, document)
    plan = so.solve(load(document, tmp_path))
    assert plan.status == "optimal"
    names = list(weights)
    rows = payoff_rows(plans, names)
    assert len(plan.payoff) == len(rows)
    for shown, row in zip(plan.payoff, rows, strict=True):
        assert {name: abs(value) for name, value in shown.items()} == pytest.approx(
            {name: abs(value) for name, value in row.items()}, rel=2e-6, abs=1e-12
        )
    spans = {}
    for name in names:
        ideal, nadir = min(row[name] for row in rows), max(row[name] for row in rows)
        apart = nadir - ideal > 1e-8 * max(abs(ideal), abs(nadir)) + 1e-13
        spans[name] = (nadir - ideal) if apart else (abs(ideal) if abs(ideal) > 1e-13 else 1.0)
    unit = {name: 0.001 if name == "latency" else 1.0 for name in names}  # where the span is 1: of seconds
    for name in names:
        if spans[name] == 1.0:
            spans[name] = 1.0 / unit[name]
    ideal_point = {name: min(row[name] for row in rows) for name in names}
    blend = sum(weight / spans[name] * (values(plans, name) - ideal_point[name]) for name, weight in weights.items())
    best = float(blend[plans.keep()].min())
    exact = sum(weight / spans[name] * (achieved(plan, name) - ideal_point[name]) for name, weight in weights.items())
    scale = sum(weight / spans[name] * abs(achieved(plan, name)) for name, weight in weights.items())
    assert exact == pytest.approx(best, abs=3e-6 * scale + 1e-12)
    assert plan.objective.value == pytest.approx(best, abs=1e-5 * scale + 1e-12)


@pytest.mark.parametrize("seed", [5, 15, 20, 25])
def test_weighted_by_the_whole_model(seed: int, tmp_path: Path) -> None:
    """The whole model blends objectives to the value that the search finds."""
    document, plans = plans_of(seed)
    if not plans.keep().any():
        return
    document, _ = weighted_document(seed, document)
    instance = load(document, tmp_path)
    pruned, whole = so.solve(instance), so.solve(instance, method="milp")
    assert whole.status == "optimal"
    assert whole.objective.value == pytest.approx(pruned.objective.value, rel=1e-5, abs=1e-9)


def two_machines(weights: dict[str, float]) -> dict[str, Any]:
    """One stage: a takes 3 s at 0.1 USD/s and 1 J, b 1 s at 0.3 USD/s and 2 J. 3 x 0.1 is 0.3 but for rounding."""
    options = [
        {"name": "a", "usd_per_hour": 360.0, "joules_per_flop": 1e-9},
        {"name": "b", "usd_per_hour": 1080.0, "joules_per_flop": 2e-9},
    ]
    times = [{"stage": 1, "option": "a", "mean_ms": 3000}, {"stage": 1, "option": "b", "mean_ms": 1000}]
    return {
        "schema": 1,
        "name": "two-machines",
        "network": {"stages": "stages.csv", "input_bytes": 1},
        "workload": {},
        "tier": [{"name": "vm", "kind": "vm", "stage_times": "times.csv", "option": options}],
        "objective": {"minimize": "weighted", "weights": weights},
        "tables": {
            "stages.csv": [{"stage": 1, "flops": 10**9, "activation_bytes": 1, "parameter_bytes": 1}],
            "times.csv": times,
        },
    }


@pytest.mark.parametrize(
    ("weights", "option", "blend"),
    [
        ({"latency": 1.0, "energy": 3.0}, "a", 1.0),  # b: 3
        ({"latency": 1.0, "energy": 0.9}, "b", 0.9),
        ({"latency": 1.0, "energy": 1.1}, "a", 1.0),
        ({"latency": 3.0, "energy": 1.0}, "b", 1.0),
        ({"cost": 1.0, "latency": 1.0, "energy": 3.0}, "a", 1.0),
        ({"cost": 1.0, "latency": 3.0, "energy": 1.0}, "b", 1.0),
    ],
)
def test_rounding_is_no_difference(weights: dict[str, float], option: str, blend: float, tmp_path: Path) -> None:
    """a is at its ideal in energy and at its nadir in latency, b the other way round: each gives up one weight.

    Costs are the same but for rounding, which must not become a scale.
    """
    plan = so.solve(load(two_machines(weights), tmp_path))
    assert plan.placement[0].option == option
    assert plan.objective.value == pytest.approx(blend, rel=1e-6)


def test_the_payoff_table_by_hand(tmp_path: Path) -> None:
    """Row i of the pay-off table has objective i at its best."""
    plan = so.solve(load(two_machines({"latency": 1.0, "energy": 1.0}), tmp_path))
    assert plan.payoff == [
        pytest.approx({"latency": 1000.0, "energy": 2.0}, rel=1e-9),
        pytest.approx({"latency": 3000.0, "energy": 1.0}, rel=1e-9),
    ]
