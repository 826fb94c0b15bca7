"""The best decision of any family by its model: build, hand to HiGHS, read, value exactly, cut off what does not hold.

The model is a relaxation of the truth by solver tolerances only. Each incumbent is valued by the family's witness; one
that breaks a limit there, or is worse than the model thought, is cut off and the search goes on. So the decision
returned keeps its limits exactly, and the bound is the solver's, checked by multipliers as far as that goes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from serflow_opt.families.found import Found
from serflow_opt.families.protocol import Family, Goal, NoModel, Valued
from serflow_opt.families.registry import quantity
from serflow_opt.ground.deadline import OutOfTime
from serflow_opt.ground.tolerances import MODEL_ERROR, NIL
from serflow_opt.search.outcome import OUT_OF_TIME, SearchSettings

if TYPE_CHECKING:
    from serflow_opt.backend.highs import HighsModel, Outcome
    from serflow_opt.families.protocol import Built


def best_of(family: Family, problem: Any, goal: Goal, settings: SearchSettings) -> Found:
    """Search for the best decision: in the family's own exact way where there is one, else by its model.

    Parameters
    ----------
    family, problem, goal, settings
        As `solve_witnessed` takes them.
    """
    found = family.search(problem, goal, settings)
    return solve_witnessed(family, problem, goal, settings) if found is None else found


def solve_witnessed(family: Family, problem: Any, goal: Goal, settings: SearchSettings) -> Found:
    """Search for the best decision by the family's model.

    Parameters
    ----------
    family, problem
        What is solved.
    goal
        What is minimised: coefficients of quantities, less is better.
    settings
        Gap, deadline, and what HiGHS is told.
    """
    from serflow_opt.backend.highs import HighsModel  # these import Pyomo, which decisions found without models spare
    from serflow_opt.backend.matrix import binaries_of
    from serflow_opt.search.milp import refine

    found = Found()
    try:
        built = family.build(problem, goal)
        model = HighsModel(built.model, settings.deadline)
    except NoModel:
        found.infeasible, found.bound, found.checked = True, math.inf, math.inf
        return found
    except OutOfTime:
        found.doubt = OUT_OF_TIME
        return found
    found.scope = built.scope
    every, only = binaries_of(built.model)
    if only and not every:
        return _nothing_to_choose(family, problem, goal, built)
    told = every if built.told is None else list(built.told)
    excluded, _ = refine(
        model,
        built.unit,
        settings,
        found,
        take=lambda outcome: _take(family, problem, goal, built, outcome, found),
        cut=(lambda outcome: _cut_off(model, told, outcome)) if told else None,
        whole=built.whole and (only or built.told is not None),
    )
    if found.empty and not found.infeasible and not found.doubt:
        found.doubt = f"what HiGHS found does not hold exactly, {excluded} times" if excluded else OUT_OF_TIME
    found.checked = min(found.checked, found.bound)
    if excluded:
        found.counts["cut_off"] = excluded
    return found


def _nothing_to_choose(family: Family, problem: Any, goal: Goal, built: Built) -> Found:
    """The only decision there is, which HiGHS is not asked for: a model without variables."""
    from serflow_opt.backend.highs import Outcome

    found = Found()
    decision = family.decode(problem, built, Outcome("optimal", 0.0, 0.0, {}, 0, 0, 0))
    valued = family.evaluate(problem, decision)
    offer(found, decision, valued, value_of(family, goal, valued))
    found.infeasible = found.values is None
    found.bound = found.checked = math.inf if found.infeasible else found.value
    return found


def value_of(family: Family, goal: Goal, valued: Valued) -> float:
    """Return what a goal is for a decision: one quantity alone as it is, several weighted; less is better.

    Parameters
    ----------
    family, goal
        The family, and coefficients of its quantities.
    valued
        What the decision achieves, in the quantities' own units.
    """
    parts = [(by, quantity(family, name).less(valued.values[name])) for name, by in goal.items()]
    return parts[0][1] if len(parts) == 1 else math.fsum(by * part for by, part in parts)


def offer(found: Found, decision: Any, valued: Valued, value: float) -> None:
    """Keep the better of the known decision and this one.

    Parameters
    ----------
    found
        It is changed where the other decision is better.
    decision, valued
        Another decision, and what it achieves; one that breaks something is not taken.
    value
        Of the goal, less is better.
    """
    if not valued.breaches and value < found.value:
        found.decision, found.values, found.violation, found.value = decision, valued.values, valued.violation, value


def settle(family: Family, problem: Any, goal: Goal, found: Found, decision: Any) -> None:
    """Value exactly what a family's own search found best, and hold its bound against that.

    Parameters
    ----------
    family, problem, goal
        What was searched.
    found
        Its bound is what the search proved; it takes the decision, and a doubt where the witness does not confirm it.
    decision
        The best one by the search.
    """
    valued = family.evaluate(problem, decision)
    offer(found, decision, valued, value_of(family, goal, valued))
    if valued.breaches:
        found.doubt = "the witness values what was found otherwise than the search"
    found.bound = found.checked = min(found.bound, found.value)


def settle_exact(family: Family, problem: Any, goal: Goal, found: Found, best: tuple[float, Any] | None) -> Found:
    """Return what a search found that has looked at every decision; see `settle`.

    Parameters
    ----------
    family, problem, goal, found
        As `settle` takes them.
    best
        The least value of the goal, and a decision that has it; None: no decision keeps the limits.
    """
    if best is None:
        found.infeasible, found.bound, found.checked = True, math.inf, math.inf
    else:
        found.bound = best[0]
        settle(family, problem, goal, found, best[1])
    return found


def _take(
    family: Family, problem: Any, goal: Mapping[str, float], built: Built, outcome: Outcome, found: Found
) -> bool:
    """Value an incumbent exactly and keep it if it is the best; say whether the model valued it rightly."""
    decision = family.decode(problem, built, outcome)
    valued = family.evaluate(problem, decision)
    value, modelled = value_of(family, goal, valued), outcome.objective * built.unit
    before = found.value
    offer(found, decision, valued, value)
    if found.value < before:
        found.model_value = modelled
    return not valued.breaches and value <= modelled + MODEL_ERROR * abs(value) + NIL


def _cut_off(model: HighsModel, told: list[Any], outcome: Outcome) -> bool:
    """Exclude one choice of the binaries: at least one of them has to be another. True: nothing else is excluded."""
    on = [outcome.value(variable) > 0.5 for variable in told]
    model.add_cut(told, [1.0 if chosen else -1.0 for chosen in on], sum(on) - 1)
    return True
