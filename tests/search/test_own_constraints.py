"""Constraints of the user's own in the model: kept, proven with, and said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyomo.core as pyo
import pytest
from oracles.brute_force import enumerate_optimum
from oracles.random_instances import random_document
from support.helpers import changed, load, two_tiers

import serflow_opt as so
from serflow_opt.errors import InputError


def few_go_on(m: Any, data: Any) -> None:
    m.own = pyo.Constraint(expr=m.R[2] <= 0.6)


def none_go_on(m: Any, data: Any) -> None:
    m.own = pyo.Constraint(expr=m.R[2] <= 0.1)


@pytest.mark.parametrize("method", ["auto", "milp"])
def test_a_share_that_goes_on_may_be_limited(method: Any, tmp_path: Path) -> None:
    """At the higher threshold four in five go on, at the lower half: 0.5 x 0.8 + 0.5 x 0.92 = 0.86 are right."""
    instance = load(changed(two_tiers(), objective={"minimize": "latency"}, workload={"accuracy_min": 0.86}), tmp_path)
    free, own = so.solve(instance, method=method), so.solve(instance, method=method, extra=few_go_on)
    assert free.metrics is not None
    assert own.metrics is not None
    assert own.status == "optimal"
    assert own.metrics.reach == [1.0, 0.5]
    assert "with constraints of your own" in own.certificate.method
    assert "of your own" not in free.certificate.method


@pytest.mark.parametrize("seed", range(12))
def test_own_constraints_against_enumeration(seed: int, tmp_path: Path) -> None:
    """The last stage is kept from the first option: by a constraint, and by the rule that the enumeration knows."""
    document = random_document(seed)
    last = len(document["tables"]["stages.csv"])
    first = document["tier"][0]["option"][0]["name"]
    best = enumerate_optimum(document | {"rule": [{"stages": [last], "never": [first]}]})

    def forbid(m: Any, data: Any) -> None:
        names = [data.instance.options[runner.option].name for runner in data.runners]
        m.own = pyo.ConstraintList()
        for s, e in data.places:
            if s == last and names[e] == first:
                m.own.add(m.x[s, e] == 0)

    plan = so.solve(load(document, tmp_path), extra=forbid, gap=1e-7)
    if best is None:
        assert plan.status == "infeasible"
    else:
        assert plan.status == "optimal"
        assert plan.objective.value == pytest.approx(best.objective, rel=1e-6)


def test_constraints_that_leave_no_plan_are_named(tmp_path: Path) -> None:
    """At least half go on, whatever the threshold."""
    plan = so.solve(load(two_tiers(), tmp_path), extra=none_go_on)
    assert plan.status == "infeasible"
    (clash,) = plan.infeasible_because
    assert clash.limit == "extra"
    assert "without them cost" in clash.message


def test_what_clashes_without_them_is_told_as_always(tmp_path: Path) -> None:
    """The user's own constraints do not hide a clash of plain limits."""
    instance = load(changed(two_tiers(), workload={"accuracy_min": 0.99}), tmp_path)
    plan = so.solve(instance, extra=few_go_on)
    assert [clash.limit for clash in plan.infeasible_because] == ["accuracy_min"]


def squared(m: Any, data: Any) -> None:
    m.own = pyo.Constraint(expr=m.R[2] * m.R[2] <= 0.5)


def other_objective(m: Any, data: Any) -> None:
    m.objective.deactivate()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"extra": squared}, "extra: own: is not linear"),
        ({"extra": other_objective}, "extra: objective: objectives none"),
        ({"extra": "R[2] <= 0.5"}, "give a function of the model and its data"),
        ({"extra": few_go_on, "method": "labels"}, "labels know nothing of own constraints"),
    ],
)
def test_what_is_no_constraint_is_refused(options: Any, said: str, tmp_path: Path) -> None:
    """What is not linear, not a constraint or not for this method is refused with words."""
    with pytest.raises(InputError, match=said):
        so.solve(load(two_tiers(), tmp_path), **options)
