"""Where each stage of an early-exit network should run, on what, and when a request may leave: proven optimal plans.

>>> import serflow_opt as so
>>> plan = so.solve(so.load("bert12-sst2"))
>>> plan.status
'optimal'

Names are imported when they are first used, so that `import serflow_opt` is quick.
"""

from __future__ import annotations

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
    from serflow_opt.traffic.control.compare import compare
    from serflow_opt.traffic.control.controller import Controller
    from serflow_opt.traffic.demand.trace import Trace
    from serflow_opt.traffic.demand.trace_file import read_trace
    from serflow_opt.traffic.provision.solve import provision
    from serflow_opt.traffic.schedule.solve import schedule
    from serflow_opt.traffic.simulate.simulate import simulate

__version__ = "0.1.0"
__all__ = [
    "Catalog",
    "Controller",
    "Fleet",
    "Front",
    "InputError",
    "Instance",
    "Plan",
    "Planner",
    "Policy",
    "Problem",
    "Trace",
    "compare",
    "evaluate",
    "explain",
    "load",
    "load_catalog",
    "pareto",
    "provision",
    "read_trace",
    "relax",
    "schedule",
    "shipped",
    "simulate",
    "solve",
    "solve_all",
    "solve_fleet",
]

_HOME = {
    "Catalog": "problem.catalog",
    "Controller": "traffic.control.controller",
    "Fleet": "fleets.result",
    "Front": "fronts.front",
    "InputError": "errors",
    "Instance": "problem.instance",
    "Plan": "plan.document",
    "Planner": "planner.planner",
    "Policy": "planner.policy",
    "Problem": "errors",
    "Trace": "traffic.demand.trace",
    "compare": "traffic.control.compare",
    "evaluate": "plan.evaluator",
    "explain": "sensitivity.explain",
    "load": "problem.loader",
    "load_catalog": "problem.catalog",
    "pareto": "fronts.pareto",
    "provision": "traffic.provision.solve",
    "read_trace": "traffic.demand.trace_file",
    "relax": "sensitivity.relax",
    "schedule": "traffic.schedule.solve",
    "shipped": "problem.loader",
    "simulate": "traffic.simulate.simulate",
    "solve": "solving",
    "solve_all": "fleets.batch",
    "solve_fleet": "fleets.solve",
}


_checkout = Path(__file__).parent.parent
if (_checkout / "formulations" / "model.py").is_file():
    __path__.append(str(_checkout))  # run from a source checkout: formulations/ and instances/ stand at its top


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'serflow_opt' has no attribute '{name}'")
    from importlib import import_module

    return getattr(import_module(f"serflow_opt.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
