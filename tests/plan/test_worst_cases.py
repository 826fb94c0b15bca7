"""The worst that an adversary does within a budget; `test_adversary.py` has it against every set of parts."""

from __future__ import annotations

from support import tiny

from serflow_opt.plan.decision import Decision
from serflow_opt.plan.worst_cases import worst_cases
from serflow_opt.problem.uncertainty import Uncertainty


def test_each_case_comes_once() -> None:
    """On the VM alone, cost and latency are worst in the same case."""
    instance = tiny.one_vm(uncertainty=Uncertainty(budget=1, times=(0.5, 0.5)))
    named = [case.name for case in worst_cases(instance, Decision((0, 0), ((0.0, 1.0), (1.0,))))]
    assert named == ["as believed", "time of stage 2"]


def test_what_nobody_pays_for_does_not_deviate() -> None:
    """The price of a tier that the plan does not use is no case of its own."""
    instance = tiny.two_stages(uncertainty=Uncertainty(budget=1, prices=(0.0, 0.5)))
    assert [case.name for case in worst_cases(instance, Decision((0, 0), ((1.0, 0.0), (1.0,))))] == ["as believed"]
