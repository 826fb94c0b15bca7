"""Golden cases of several cases in one model, `formulations/uncertainty.py`: see `test_formulations.py`."""

from __future__ import annotations

import dataclasses
from typing import Any

import pyomo.core as pyo
from support import tiny
from support.golden_parts import golden

from serflow_opt.formulations.uncertainty import build_cases
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.stress import deviated
from serflow_opt.problem.uncertainty import RobustGoal, UncertainCase, Uncertainty

SLOW = UncertainCase("slow", probability=0.25, times=(2.0, 2.0))
WELL = UncertainCase("well", probability=0.75)


def one_stage(**changes: Any) -> Instance:
    """The first stage of `tiny.one_vm` alone: everybody leaves."""
    whole = tiny.one_vm(**changes)
    options = tuple(dataclasses.replace(option, stage_seconds=option.stage_seconds[:1]) for option in whole.options)
    alone = {"stages": whole.stages[:1], "menus": whole.menus[-1:], "ways": whole.ways[:1], "options": options}
    return dataclasses.replace(whole, **alone)


def built(goal: RobustGoal, instance: Instance, hold: float = 1.0, beta: float = 0.0) -> Any:
    """The model of `instance` as believed and twice as slow."""
    asked = Uncertainty(goal=goal, scenarios=(WELL, SLOW), hold=hold, beta=beta)
    cases = [deviated(instance, case) for case in asked.scenarios]
    return build_cases(cases, asked, [0.75, 0.25], "cost").model.model()


@golden("uncertainty.build_cases")
def twice_as_slow() -> Any:
    """One stage on one VM, as believed, 3 times in 4, and taking twice as long; the worst case is minimised.

    Both limits, 3 s, are of the same plan; in the second case its time, and what it costs, is twice as much.
    """
    return built("worst", one_stage(latency_slo_s=3.0))


def built_names() -> set[str]:
    """Names of the constraints that only several cases have."""
    models = [
        twice_as_slow(),
        built("cvar", tiny.two_stages(accounting="reserved", rate_per_s=2.0, latency_slo_s=3.0), hold=0.7, beta=0.5),
        built("expected", tiny.adapted()),
    ]
    names = {own.local_name for m in models for own in m.component_objects(pyo.Constraint, descend_into=True)}
    alone = {own.local_name for own in models[0].case[0].component_objects(pyo.Constraint, descend_into=True)}
    return {name for name in names - alone if name.startswith(("same_", "worst_", "beyond", "missed"))}
