"""pyaugmecon on the flow-scaled MILP: the model that serflow-opt gives to HiGHS, with two or three objectives.

Ways to hand over are one-hot at each cut, as in `formulations/placement.py`, and their products with the path are
scaled by the reach like those of the path: the rival gets the tightest model there is here. pyaugmecon 1.0.8 hands
solvers arguments that Pyomo's interfaces to HiGHS refuse, so HiGHS is registered here under a name of its own. It
rounds slacks to whole numbers before it decides how many grid points it may skip, so all objectives but the first are
given in small units. It needs numpy below 2, hence an environment of its own: pip install pyaugmecon 'numpy<2', and
serflow-opt.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyomo.environ as pyo
from pyaugmecon import PyAugmecon
from pyaugmecon.queue_handler import QueueHandler
from pyomo.contrib.appsi.solvers import Highs
from pyomo.opt import SolverResults

from serflow_opt import Instance
from serflow_opt.formulations.adaptation import accuracy_lost, costs_accuracy
from serflow_opt.formulations.coefficients import Data
from serflow_opt.formulations.cost import per_request_cost
from serflow_opt.formulations.exits import accuracy, add_accuracy_floor, add_exits
from serflow_opt.formulations.latency import add_latency_ceiling, mean_latency, worst_latency
from serflow_opt.formulations.placement import add_memory, add_placement, add_scaled_path
from serflow_opt.formulations.privacy import privacy_loss

WHOLE = 1e3
"""Latency 1 and privacy loss 1 of the model in units that slacks are rounded to."""
GAP = 1e-6
PRESOLVE = "SERFLOW_AUGMECON_PRESOLVE"
"""Environment variable: presolve of HiGHS, off or choose."""
SOLVES = "SERFLOW_AUGMECON_SOLVES"
"""Environment variable: file that gets a byte a solve, in whichever process."""


class _HiGHS:
    """What pyaugmecon asks of a solver, answered by HiGHS."""

    def __init__(self, **_: Any) -> None:
        self.options: dict[str, Any] = {}

    def solve(self, model: Any) -> Any:
        """Solve to the gap."""
        solver = Highs()
        solver.config.load_solution = False
        presolve = os.environ[PRESOLVE]
        solver.highs_options = {"mip_rel_gap": GAP, "threads": 1, "output_flag": False, "presolve": presolve}
        found = solver.solve(model)
        if found.best_feasible_objective is not None:
            found.solution_loader.load_vars()
        answer = SolverResults()
        names = {"optimal": "optimal", "infeasible": "infeasible", "infeasibleOrUnbounded": "infeasible"}
        said = names.get(found.termination_condition.name, "error")
        answer.solver.termination_condition = getattr(pyo.TerminationCondition, said)
        answer.solver.status = pyo.SolverStatus.ok if said != "error" else pyo.SolverStatus.error
        with Path(os.environ[SOLVES]).open("ab") as file:
            file.write(b".")
        return answer


def model_of(instance: Instance, names: Sequence[str]) -> tuple[Any, list[float]]:
    """Write the model; return it with the USD, seconds or loss that 1 of each of its objectives is.

    Raises
    ------
    ValueError
        For what the comparison does not cover: variants, other accountings, percentiles.
    """
    if instance.variants or instance.accounting != "per-request" or instance.quantile is not None:
        raise ValueError("the comparison covers accounting = per-request, worst and mean latency, no variants")
    data = Data(instance)
    m = pyo.ConcreteModel()
    add_exits(m, data)
    path = add_placement(m, data)
    add_memory(m, data)
    by_reach = add_scaled_path(m, data, "reach_path", m.R, data.reach_low, data.reach_high)
    if instance.accuracy_min is not None:
        lost = accuracy_lost(data, by_reach) if costs_accuracy(data) else 0.0
        add_accuracy_floor(m, data, accuracy(m, data) - lost)
    latency = mean_latency(m, data, by_reach) if instance.latency_measure == "mean" else worst_latency(m, data, path)
    if instance.latency_slo_s is not None:
        add_latency_ceiling(m, data, latency)
    known = {
        "cost": (lambda: per_request_cost(m, data, path, by_reach), data.dollar),
        "latency": (lambda: WHOLE * latency, data.second / WHOLE),
        "privacy": (lambda: WHOLE * privacy_loss(data, by_reach), 1 / WHOLE),
    }
    m.obj_list = pyo.ObjectiveList()
    for name in names:
        m.obj_list.add(expr=known[name][0](), sense=pyo.minimize)
    for objective in m.obj_list.values():
        objective.deactivate()
    return m, [known[name][1] for name in names]


def solve_augmecon(
    instance: Instance, names: Sequence[str], grid: int, folder: Path, presolve: str
) -> list[list[float]]:
    """Run pyaugmecon with one process and a grid of so many values of each objective but the first.

    Points are noted in the folder as they are found, so that those of a run that is ended count. Returns the points:
    USD, seconds, loss.
    """
    if "highs_for_augmecon" not in pyo.SolverFactory:
        pyo.SolverFactory.register("highs_for_augmecon")(_HiGHS)
    os.environ[PRESOLVE] = presolve
    os.environ[SOLVES] = str(folder / "solves")
    m, units = model_of(instance, names)
    put = QueueHandler.put_result

    def noted(self: QueueHandler, result: dict[tuple[float, ...], Any]) -> None:
        with (folder / "points").open("a", encoding="utf-8") as file:
            for point in result:
                file.write(" ".join(repr(-float(v) * unit) for v, unit in zip(point, units, strict=True)) + "\n")
        put(self, result)

    QueueHandler.put_result = noted
    here = Path.cwd()
    options = {"grid_points": grid, "solver_name": "highs_for_augmecon", "cpu_count": 1, "output_excel": False}
    with tempfile.TemporaryDirectory() as scratch, Path(os.devnull).open("w") as bar, contextlib.redirect_stdout(bar):
        os.chdir(scratch)
        try:
            solver = PyAugmecon(m, {"name": "front", **options}, {})
            solver.solve()
        finally:
            os.chdir(here)
            QueueHandler.put_result = put
    found: list[list[float]] = (np.array(solver.get_pareto_solutions()).reshape(-1, len(units)) * units).tolist()
    return found
