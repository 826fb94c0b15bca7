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
    from serflow_opt.catalog import Catalog, load_catalog
    from serflow_opt.errors import InputError, Problem
    from serflow_opt.evaluator import evaluate
    from serflow_opt.explaining import explain
    from serflow_opt.fleet import solve_all
    from serflow_opt.fleets.result import Fleet
    from serflow_opt.fleets.solving import solve_fleet
    from serflow_opt.front import Front
    from serflow_opt.instance import Instance
    from serflow_opt.loader import load, shipped
    from serflow_opt.pareto_fronts import pareto
    from serflow_opt.plan import Plan
    from serflow_opt.planner import Planner
    from serflow_opt.policy import Policy
    from serflow_opt.relaxing import relax
    from serflow_opt.solver import solve
    from serflow_opt.traffic.comparing import compare
    from serflow_opt.traffic.controller import Controller
    from serflow_opt.traffic.provisioning import provision
    from serflow_opt.traffic.schedule import schedule
    from serflow_opt.traffic.simulator import simulate
    from serflow_opt.traffic.trace import Trace
    from serflow_opt.traffic.trace_file import read_trace

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
    "Catalog": "catalog",
    "Controller": "traffic.controller",
    "Fleet": "fleets.result",
    "Front": "front",
    "InputError": "errors",
    "Instance": "instance",
    "Plan": "plan",
    "Planner": "planner",
    "Policy": "policy",
    "Problem": "errors",
    "Trace": "traffic.trace",
    "compare": "traffic.comparing",
    "evaluate": "evaluator",
    "explain": "explaining",
    "load": "loader",
    "load_catalog": "catalog",
    "pareto": "pareto_fronts",
    "provision": "traffic.provisioning",
    "read_trace": "traffic.trace_file",
    "relax": "relaxing",
    "schedule": "traffic.schedule",
    "shipped": "loader",
    "simulate": "traffic.simulator",
    "solve": "solver",
    "solve_all": "fleet",
    "solve_fleet": "fleets.solving",
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
