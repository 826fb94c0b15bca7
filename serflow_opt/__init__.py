"""Where each stage of an early-exit network should run, on what, and when a request may leave: proven optimal plans.

>>> import serflow_opt as so
>>> plan = so.solve(so.load("bert12-sst2"))
>>> plan.status
'optimal'

Names are imported when they are first used, so that `import serflow_opt` is quick.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from serflow_opt.errors import InputError, Problem
    from serflow_opt.fleets.batch import solve_all
    from serflow_opt.fleets.result import Fleet
    from serflow_opt.fleets.solve import solve_fleet
    from serflow_opt.fronts.front import Front
    from serflow_opt.fronts.pareto import pareto
    from serflow_opt.plan.document import Plan
    from serflow_opt.plan.evaluator import evaluate
    from serflow_opt.planner.planner import Planner
    from serflow_opt.planner.policy import Policy
    from serflow_opt.problem.catalog import Catalog, load_catalog
    from serflow_opt.problem.instance import Instance
    from serflow_opt.problem.loader import load, shipped
    from serflow_opt.sensitivity.explain import explain
    from serflow_opt.sensitivity.relax import relax
    from serflow_opt.solving import solve
    from serflow_opt.traffic.balancer import Balancer
    from serflow_opt.traffic.bound_result import CostBound
    from serflow_opt.traffic.control.compare import Comparison, compare
    from serflow_opt.traffic.control.controller import Controller
    from serflow_opt.traffic.control.filled import FilledBatches
    from serflow_opt.traffic.control.named_policies import service_for
    from serflow_opt.traffic.cost_bound import cost_bound
    from serflow_opt.traffic.demand.trace import Trace
    from serflow_opt.traffic.demand.trace_file import read_trace
    from serflow_opt.traffic.provision.result import Deployment
    from serflow_opt.traffic.provision.solve import provision
    from serflow_opt.traffic.schedule.result import Schedule
    from serflow_opt.traffic.schedule.solve import schedule
    from serflow_opt.traffic.simulate.result import Simulation
    from serflow_opt.traffic.simulate.simulate import simulate

__version__ = "1.0.0"
__all__ = [
    "Balancer",
    "Catalog",
    "Comparison",
    "Controller",
    "CostBound",
    "Deployment",
    "FilledBatches",
    "Fleet",
    "Front",
    "InputError",
    "Instance",
    "Plan",
    "Planner",
    "Policy",
    "Problem",
    "Schedule",
    "Simulation",
    "Trace",
    "compare",
    "cost_bound",
    "evaluate",
    "explain",
    "load",
    "load_catalog",
    "pareto",
    "provision",
    "read_trace",
    "relax",
    "schedule",
    "service_for",
    "shipped",
    "simulate",
    "solve",
    "solve_all",
    "solve_fleet",
]

_HOME = {
    "Balancer": "traffic.balancer",
    "Catalog": "problem.catalog",
    "Comparison": "traffic.control.compare",
    "Controller": "traffic.control.controller",
    "CostBound": "traffic.bound_result",
    "Deployment": "traffic.provision.result",
    "FilledBatches": "traffic.control.filled",
    "Fleet": "fleets.result",
    "Front": "fronts.front",
    "InputError": "errors",
    "Instance": "problem.instance",
    "Plan": "plan.document",
    "Planner": "planner.planner",
    "Policy": "planner.policy",
    "Problem": "errors",
    "Schedule": "traffic.schedule.result",
    "Simulation": "traffic.simulate.result",
    "Trace": "traffic.demand.trace",
    "compare": "traffic.control.compare",
    "cost_bound": "traffic.cost_bound",
    "load": "families.loading",
    "load_catalog": "problem.catalog",
    "provision": "traffic.provision.solve",
    "read_trace": "traffic.demand.trace_file",
    "relax": "sensitivity.relax",
    "schedule": "traffic.schedule.solve",
    "service_for": "traffic.control.named_policies",
    "shipped": "problem.loader",
    "simulate": "traffic.simulate.simulate",
}
_VERBS = {
    "evaluate": "evaluate",
    "explain": "explain",
    "pareto": "pareto",
    "solve": "solve",
    "solve_all": "solve_all",
    "solve_fleet": "fleet",
}
"""Functions that take problems of any family, by the verb they are the door to."""


_checkout = Path(__file__).parent.parent
if (_checkout / "formulations" / "model.py").is_file():
    __path__.append(str(_checkout))  # run from a source checkout: formulations/ and instances/ stand at its top


class _Finder:
    """Asked last by `import`: finds modules by their old names."""

    @staticmethod
    def find_spec(name: str, path: Any = None, target: Any = None) -> Any:
        if not name.startswith("serflow_opt."):
            return None
        from serflow_opt.ground.moved import spec_of

        return spec_of(name)


sys.meta_path.append(_Finder)


def __getattr__(name: str) -> Any:
    if name in _VERBS:
        from serflow_opt.families.verbs import door

        return door(name, _VERBS[name])
    if name not in _HOME:
        raise AttributeError(f"module 'serflow_opt' has no attribute '{name}'")
    from importlib import import_module

    return getattr(import_module(f"serflow_opt.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
