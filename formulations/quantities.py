"""Goal and limits of a model whose quantities are given as expressions: what families of problems share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyomo.core as pyo

from serflow_opt.ground.tolerances import ROOM


class BeyondLimit(ValueError):
    """A quantity that nothing changes is beyond its limit."""


def add_goal(m: Any, parts: Mapping[str, Any], goal: Mapping[str, float], ceilings: Mapping[str, float]) -> None:
    """Add limits, opened by `ROOM`, and the objective to a model; what needs the room is cut off by the witness.

    Parameters
    ----------
    m
        A Pyomo model with variables and what has to hold in any case.
    parts
        Its quantities as linear expressions, by name, less is better.
    goal
        Coefficients of what is minimised.
    ceilings
        Most of each quantity that is limited, less is better.

    Raises
    ------
    OutOfReach
        When a quantity that no variable is in is beyond its limit.
    """
    m.limits = pyo.ConstraintList()
    for name, most in ceilings.items():
        size = abs(most) or 1.0  # solvers' tolerances are absolute
        if not isinstance(parts[name], int | float):
            m.limits.add(parts[name] / size <= (most + ROOM * abs(most)) / size)
        elif parts[name] > most + ROOM * abs(most):  # nothing can be chosen that changes it
            raise BeyondLimit(name)
    single = len(goal) == 1
    m.objective = pyo.Objective(expr=sum((1.0 if single else by) * parts[name] for name, by in goal.items()))
