"""Constraints of the user's own, added to the model before it is solved."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from serflow_opt.errors import InputError, Problem
from serflow_opt.formulations.coefficients import Data

if TYPE_CHECKING:
    from serflow_opt.formulations.model import BuiltPlacement

Extra = Callable[[Any, Data], object]
"""Takes the Pyomo model and its sets and coefficients, and adds constraints to the model."""


def add_own(built: BuiltPlacement, extra: Extra) -> None:
    """Let the user add constraints and variables to a model.

    Raises
    ------
    InputError
        When what was added is not linear, or the objective is no longer the model's own.
    """
    import pyomo.core as pyo

    model = built.model
    known = {id(own) for own in model.component_data_objects(pyo.Constraint, active=True)}
    extra(model, built.data)
    problems = [
        Problem("extra", own.name, "is not linear", "write it with sums and constants; z[s, l] times a flow is v[s, l]")
        for own in model.component_data_objects(pyo.Constraint, active=True)
        if id(own) not in known and own.body.polynomial_degree() not in (0, 1)
    ]
    objectives = [own.name for own in model.component_data_objects(pyo.Objective, active=True)]
    if objectives != ["objective"]:
        found = f"objectives {', '.join(objectives) or 'none'}"
        problems.append(Problem("extra", "objective", found, "leave the model's own as it is; add constraints only"))
    if problems:
        raise InputError(problems)
