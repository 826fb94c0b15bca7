"""Fronts where things may turn out otherwise: by hand, and against all plans in all cases."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from oracles.robust import robust_document, robust_front
from support import tiny
from support.helpers import load

import serflow_opt as so
from serflow_opt.errors import InputError
from serflow_opt.fronts.robust import OfCases, robust_misfits
from serflow_opt.ground.deadline import NEVER
from serflow_opt.problem.uncertainty import UncertainCase, Uncertainty

BUDGET = Uncertainty(budget=1, times=(0.5, 0.5))


def test_points_are_worst_cases() -> None:
    """On the VM 0.5 + 1 + 2 s as believed and 4.5 where stage 2 takes half as long again; half or a quarter leave."""
    front = so.pareto(tiny.one_vm(uncertainty=BUDGET), ("latency", "accuracy"))
    assert front.complete
    assert front.points == [(pytest.approx(4500), pytest.approx(0.945))]
    (plan,) = front.plans
    assert plan.metrics is not None
    assert plan.metrics.latency_worst_ms == pytest.approx(3500)
    assert "worst case" in front.scope
    frame = front.to_frame()
    assert frame["believed_latency_ms"].tolist() == pytest.approx([3500])


@pytest.mark.parametrize("seed", [0, 1, 4, 6])
def test_as_enumerated(seed: int, tmp_path: Path) -> None:
    """No point is missing, and none is beaten, among the worst cases of all plans."""
    document = robust_document(seed)
    document["uncertainty"].pop("hold", None)
    names = ("cost", "latency")
    front = so.pareto(load(document, tmp_path), names)
    right = robust_front(document, names)
    assert front.complete
    assert len(front.points) == len(right)
    for point, known in zip(sorted(front.points), sorted(right), strict=True):
        assert point == pytest.approx(known, rel=1e-6)


def test_one_question() -> None:
    """The worst case below a ceiling on another: what is believed may be below it, the worst may not."""
    searched = OfCases(tiny.one_vm(uncertainty=BUDGET))
    assert searched.best({"latency": 1.0}, {}, NEVER).value == pytest.approx(4.5)
    assert searched.best({"cost": 1.0}, {"latency": 4.0}, NEVER).infeasible


def test_what_does_not_go_with_it() -> None:
    """Other objectives, and limits that hold in some scenarios only, are refused with what to do."""
    with pytest.raises(InputError, match=r"energy with \[uncertainty\]; .* cost, latency and accuracy"):
        so.pareto(tiny.one_vm(uncertainty=BUDGET), ("cost", "energy"))
    with pytest.raises(InputError, match=r"'labels'; with \[uncertainty\] fronts are made by solves: use auto or milp"):
        so.pareto(tiny.one_vm(uncertainty=BUDGET), ("cost", "accuracy"), method="labels")
    some = Uncertainty(goal="expected", scenarios=(UncertainCase("a", 1.0),), hold=0.5)
    (problem,) = robust_misfits(replace(tiny.one_vm(), uncertainty=some), ("cost", "latency"))
    assert problem.place == "uncertainty.hold"
