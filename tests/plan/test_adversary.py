"""What a plan is worth over all cases: the adversary against every set of parts, one by one."""

from __future__ import annotations

import dataclasses
from itertools import combinations

import pytest
from support import tiny

from serflow_opt.plan.adversary import mean_of_worst, value_robustly
from serflow_opt.plan.decision import Decision
from serflow_opt.plan.evaluator import evaluate
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.stress import deviated
from serflow_opt.problem.uncertainty import Uncertainty

HYBRID = Decision((0, 1, 1), ((1.0, 0.0), (0.0, 1.0), (1.0,)))
"""Stage 1 of `tiny.three_stages` on the VM, the rest on the function."""


def uncertain(budget: int, **changes: object) -> Instance:
    """Three stages that may deviate in every way there is."""
    asked = Uncertainty(budget=budget, times=(0.5, 0.3, 0.9), exits=(0.4, 0.5, 0.0), prices=(0.25, 0.4), rate=0.5)
    return tiny.three_stages(rate_per_s=2.0, uncertainty=asked, **changes)


@pytest.mark.parametrize("budget", range(5))
@pytest.mark.parametrize("accounting", ["per-request", "reserved"])
@pytest.mark.parametrize("measure", ["worst", "mean"])
def test_the_adversary_is_as_bad_as_any_set_of_parts(budget: int, accounting: str, measure: str) -> None:
    """Cost, latency and accuracy are those of the worst of all sets, gone through one by one."""
    instance = uncertain(budget, accounting=accounting, latency_measure=measure)
    asked = instance.uncertainty
    assert asked is not None
    plain = dataclasses.replace(instance, uncertainty=None)
    sets = [chosen for number in range(budget + 1) for chosen in combinations(asked.parts, number)]
    cases = [(own := deviated(plain, asked.case(chosen, ("vm", "fn"))), evaluate(own, HYBRID)) for chosen in sets]
    machines = max((m.machines[0].count for _, m in cases if m.machines), default=0)
    costs = []
    for own, metrics in cases:
        more = machines - metrics.machines[0].count if metrics.machines else 0
        assert own.rate_per_s is not None
        costs.append(metrics.cost_usd_per_request + more * own.options[0].rent_per_s / own.rate_per_s)
    valued = value_robustly(instance, HYBRID)
    assert valued.worst("cost", measure).metrics.cost_usd_per_request == pytest.approx(max(costs), rel=1e-12)
    latest = max(metrics.latency_ms(measure) for _, metrics in cases)
    assert valued.worst("latency", measure).metrics.latency_ms(measure) == pytest.approx(latest, rel=1e-12)
    least = min(metrics.accuracy or 0.0 for _, metrics in cases)
    assert valued.worst("accuracy", measure).metrics.accuracy == pytest.approx(least, rel=1e-12)


def test_two_stages_of_three_take_longer() -> None:
    """On the VM alone, 1 s a stage and 0.5 s of input: the two that lose most are 0.5 and 0.9 s longer."""
    asked = Uncertainty(budget=2, times=(0.5, 0.3, 0.9))
    instance = tiny.three_stages(uncertainty=asked, latency_slo_s=4.0)
    alone = Decision((0, 0, 0), ((1.0, 0.0), (1.0, 0.0), (1.0,)))
    valued = value_robustly(instance, alone)
    late = valued.worst("latency", "worst")
    assert late.metrics.latency_worst_ms == pytest.approx(3500 + 1400)
    assert late.case.name == "time of stage 1, time of stage 3"
    assert [breach.limit for breach in valued.breaches] == ["latency_slo_ms (time of stage 1, time of stage 3)"]


def test_the_mean_of_the_worst_takes_part_of_a_scenario() -> None:
    """Of the worst 0.5: 0.2 at 10, 0.3 of 0.4 at 4: (2 + 1.2) / 0.5."""
    assert mean_of_worst([1.0, 4.0, 10.0], [0.4, 0.4, 0.2], 0.5) == pytest.approx(6.4)
    assert mean_of_worst([1.0, 4.0, 10.0], [0.4, 0.4, 0.2], 1.0) == pytest.approx(4.0)
