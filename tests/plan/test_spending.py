"""Which stage money is spent on: by head, and in sum what the evaluator says."""

from __future__ import annotations

import dataclasses
import math

import pytest
from support import tiny

import serflow_opt as so
from serflow_opt.plan.decision import Decision
from serflow_opt.plan.evaluator import evaluate
from serflow_opt.plan.spending import Spending, spending
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.loader import shipped_folder

HALF = ((1.0, 0.0), (1.0,))
"""Half of the requests leave at stage 1."""


def test_paid_by_request() -> None:
    """Stage 1: 1 s at 0.5; 0.125 for the input. Stage 2, by half: 0.25 s at 2; link 0.125, waiting 0.5 s at 0.5, fee
    0.25, cold start 0.5 s at 2 for half."""
    found = spending(tiny.two_stages(), Decision((0, 1), HALF))
    assert found == [Spending(0.5, 0.125), Spending(0.25, 0.5 * (0.125 + 0.25 + 0.25 + 0.5))]


def test_ways_are_paid_where_they_work() -> None:
    """Compressed: encoding 0.25 s and waiting 0.375 s at 0.5, link 0.0625, decoding 0.125 s at 2, fee, cold start."""
    found = spending(tiny.in_ways(), Decision((0, 1), HALF, ways=(0, 1)))
    assert found == [Spending(0.5, 0.125), Spending(0.25, 0.5 * (0.125 + 0.1875 + 0.0625 + 0.25 + 0.25 + 0.5))]


def test_rented_machines_are_charged_by_busy_time() -> None:
    """2 s of work a request at 1/s with machines at most half busy: 4 VMs at 0.5, 2 USD a request, 1 a second."""
    instance = tiny.two_stages(accounting="reserved", rate_per_s=1.0)
    assert spending(instance, Decision((0, 0), HALF)) == [Spending(1.0, 0.125), Spending(1.0, 0.0)]


def test_the_printed_formula_has_no_parts() -> None:
    """The survey's formula mixes stages, so that no split of it is invented."""
    assert spending(tiny.two_stages(accounting="as-printed"), Decision((0, 1), HALF)) is None


@pytest.mark.parametrize("accounting", ["per-request", "reserved"])
@pytest.mark.parametrize(
    ("instance", "options"),
    [
        (tiny.two_vms(), (0, 1)),
        (tiny.two_vms(), (0, 2)),
        (tiny.three_tiers(), (0, 1)),
        (tiny.three_tiers(), (1, 2)),
        (tiny.adapted(), (0, 1)),
        (tiny.two_stages(), (1, 1)),
    ],
)
def test_parts_sum_to_the_cost(instance: Instance, options: tuple[int, ...], accounting: str) -> None:
    """What stages cost adds up to what the plan costs, however money is counted."""
    instance = dataclasses.replace(instance, accounting=accounting, rate_per_s=3.0)  # type: ignore[arg-type]
    decision = Decision(options, HALF)
    found = spending(instance, decision)
    assert found is not None
    total = math.fsum(part.computing + part.arriving for part in found)
    assert total == pytest.approx(evaluate(instance, decision).cost_usd_per_request, rel=1e-12)


def test_plans_are_split_like_decisions() -> None:
    """A plan, its document and its decision are split alike, and the parts make the objective."""
    instance = so.load(shipped_folder() / "alexnet-cifar10")
    plan = so.solve(instance)
    assert plan.plan is not None
    found = spending(instance, plan)
    assert found == spending(instance, plan.plan)
    assert math.fsum(part.computing + part.arriving for part in found or []) == pytest.approx(plan.objective.value)
