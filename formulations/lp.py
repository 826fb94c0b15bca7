"""The whole model of an instance as a text file in LP format, with the names used in the formulations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from serflow_opt.formulations.model import build
from serflow_opt.problem.instance import Instance


def write_lp(instance: Instance, path: Path) -> None:
    """Write the model of an instance, unpruned, in scaled units (`coefficients.py`).

    Raises
    ------
    Disconnected
        When no path runs all stages.
    """
    write_model(build(instance).model, path)


def write_model(model: Any, path: Path) -> None:
    """Write a Pyomo model in LP format with readable names."""
    from pyomo.repn.plugins.lp_writer import LPWriter

    with path.open("w", encoding="utf-8") as file:
        LPWriter().write(model, file, symbolic_solver_labels=True)
