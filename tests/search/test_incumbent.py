"""Between decisions and variables of the model, there and back."""

from __future__ import annotations

import dataclasses
import itertools

import pytest
from support import tiny

from serflow_opt.backend.highs import HighsModel, Outcome
from serflow_opt.formulations.model import build
from serflow_opt.plan.decision import Decision
from serflow_opt.plan.evaluator import evaluate
from serflow_opt.search.incumbent import decision_in, start_of


def outcome_of(values: dict[int, float]) -> Outcome:
    """A solution of the model."""
    return Outcome("optimal", 0.0, 0.0, values, 0, 0, 0)


@pytest.mark.parametrize("options", [(0, 0), (0, 1), (1, 1)])
@pytest.mark.parametrize("level", [0, 1])
def test_a_start_is_read_back_as_its_decision(options: tuple[int, int], level: int) -> None:
    """HiGHS completes the binaries of a decision to a solution of the model, and that is the decision again."""
    instance = tiny.two_stages()
    weights = tuple(float(level == own) for own in range(2))
    decision = Decision(options, (weights, (1.0,)))
    built = build(instance)
    start = start_of(built, decision)
    by_id = {id(v): v for part in (built.model.x, built.model.z) for v in part.values()}
    for key, value in start.items():
        if key in by_id:
            by_id[key].fix(value)
    outcome = HighsModel(built.model).solve()
    assert outcome.status == "optimal"
    fixed = {key: value for key, value in start.items() if key in by_id}
    read = decision_in(instance, built, outcome_of({**outcome.values, **fixed}))
    assert read == decision
    cost = evaluate(instance, decision).cost_usd_per_request
    assert outcome.objective * built.unit == pytest.approx(cost, rel=1e-6)


def test_weights_of_mixed_thresholds_are_made_whole() -> None:
    """Flows of a solver that miss their sum by little become shares that add up to 1, and dust is swept off."""
    instance = tiny.two_stages(threshold_mode="randomized", accuracy_min=0.9)
    built = build(instance)
    outcome = HighsModel(built.model).solve()
    values = dict(outcome.values)
    for (s, _), variable in built.model.v.items():
        if s == 1:
            values[id(variable)] = values.get(id(variable), 0.0) * (1 + 1e-7)
    decision = decision_in(instance, built, dataclasses.replace(outcome, values=values))
    assert sum(decision.weights[0]) == pytest.approx(1.0, abs=1e-15)
    # 0.88 and 0.945 mix to 0.9 at 0.02 / 0.065 of the second
    assert decision.weights[0][1] == pytest.approx(0.02 / 0.065, rel=1e-5)
    assert all(own == 0 or own > 1e-9 for own in itertools.chain(*decision.weights))
