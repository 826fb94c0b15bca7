"""pyaugmecon on the flow-scaled MILP: the model that serflow-opt gives to HiGHS, with cost and latency as objectives.

pyaugmecon 1.0.8 hands solvers arguments that Pyomo's interfaces to HiGHS refuse, so HiGHS is registered here under a
name of its own. It rounds slacks to whole numbers before it decides how many grid points it may skip, so latencies are
given in small units. It needs numpy below 2, hence an environment of its own: pip install pyaugmecon 'numpy<2', and
serflow-opt.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyomo.environ as pyo
from pyomo.contrib.appsi.solvers import Highs
from pyomo.opt import SolverResults

from serflow_opt import Instance
from serflow_opt.formulations.cost import per_request_cost
from serflow_opt.formulations.data import Data
from serflow_opt.formulations.exits import add_accuracy_floor, add_exits
from serflow_opt.formulations.latency import add_latency_ceiling, mean_latency, worst_latency
from serflow_opt.formulations.placement import add_memory, add_placement, add_scaled_path

WHOLE = 1e3
"""Latency 1 of the model in units that slacks are rounded to."""


@dataclass(frozen=True, slots=True)
class Rival:
    """Points found (USD, seconds), seconds taken, models solved."""

    points: list[tuple[float, float]]
    seconds: float
    solves: int


class _HiGHS:
    """What pyaugmecon asks of a solver, answered by HiGHS."""

    def __init__(self, **_: Any) -> None:
        self.options: dict[str, Any] = {}

    def solve(self, model: Any) -> Any:
        """Solve to a gap of 1e-6."""
        solver = Highs()
        solver.config.load_solution = False
        solver.highs_options = {"mip_rel_gap": 1e-6, "threads": 1, "output_flag": False}
        found = solver.solve(model)
        if found.best_feasible_objective is not None:
            found.solution_loader.load_vars()
        answer = SolverResults()
        names = {"optimal": "optimal", "infeasible": "infeasible", "infeasibleOrUnbounded": "infeasible"}
        said = names.get(found.termination_condition.name, "error")
        answer.solver.termination_condition = getattr(pyo.TerminationCondition, said)
        answer.solver.status = pyo.SolverStatus.ok if said != "error" else pyo.SolverStatus.error
        return answer


def two_objectives(instance: Instance) -> tuple[Any, float, float]:
    """Write the model; return it with the USD and seconds that one of its objectives is."""
    data = Data(instance)
    m = pyo.ConcreteModel()
    add_exits(m, data)
    path = add_placement(m, data)
    add_memory(m, data)
    by_reach = add_scaled_path(m, data, "reach_path", m.R, data.reach_low, data.reach_high)
    if instance.accuracy_min is not None:
        add_accuracy_floor(m, data)
    latency = mean_latency(m, data, by_reach) if instance.latency_measure == "mean" else worst_latency(m, data, path)
    if instance.latency_slo_s is not None:
        add_latency_ceiling(m, data, latency)
    m.obj_list = pyo.ObjectiveList()
    m.obj_list.add(expr=per_request_cost(m, data, path, by_reach), sense=pyo.minimize)
    m.obj_list.add(expr=WHOLE * latency, sense=pyo.minimize)
    for objective in m.obj_list.values():
        objective.deactivate()
    return m, data.dollar, data.second / WHOLE


def solve_augmecon(instance: Instance, grid: int) -> Rival:
    """Run pyaugmecon with one process and a grid of so many points."""
    from pyaugmecon import PyAugmecon

    if "highs_for_augmecon" not in pyo.SolverFactory:
        pyo.SolverFactory.register("highs_for_augmecon")(_HiGHS)
    began = time.perf_counter()
    m, dollar, second = two_objectives(instance)
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(sys.stderr):
        os.chdir(folder)
        try:
            solver = PyAugmecon(
                m,
                {
                    "name": "front",
                    "grid_points": grid,
                    "solver_name": "highs_for_augmecon",
                    "cpu_count": 1,
                    "output_excel": False,
                },
                {},
            )
            solver.solve()
        finally:
            os.chdir(here)
    found = np.array(solver.get_pareto_solutions()).reshape(-1, 2) * [dollar, second]
    return Rival([(a, b) for a, b in found.tolist()], time.perf_counter() - began, solver.model.models_solved.value())
