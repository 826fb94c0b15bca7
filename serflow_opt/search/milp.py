"""The search by HiGHS: solve, value exactly, cut off what does not hold, again.

The model is a relaxation of the truth by solver tolerances only. Each incumbent is valued by `evaluator.py`; one that
breaks a limit there, or costs more than the model thought (a machine too few by rounding), is cut off and the search
goes on. So the decision returned keeps its limits exactly, and the bound is the solver's.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Protocol

from serflow_opt.backend.highs import HighsModel, Outcome
from serflow_opt.backend.running import Progress
from serflow_opt.formulations.model import BuiltPlacement
from serflow_opt.ground.tolerances import EQUAL, MODEL_ERROR
from serflow_opt.plan.evaluator import evaluate
from serflow_opt.problem.instance import Instance
from serflow_opt.search.goal import Goal
from serflow_opt.search.incumbent import decision_in, start_of
from serflow_opt.search.outcome import SearchOutcome, SearchSettings

ATTEMPTS = 50
"""Incumbents cut off at most before the search stops with the best plan that holds."""
BEATEN = "HiGHS was wrong: a plan known is better than what it proved, so that its word was not taken"
CUTS = 1_000
"""Cuts that all decisions keep, at most: those of the cone of a tail latency."""


class SearchState(Protocol):
    """What a search knows, whatever is searched."""

    value: float
    bound: float
    checked: float
    nodes: int
    infeasible: bool
    doubt: str

    @property
    def empty(self) -> bool:
        """Whether no decision is known yet."""


def search_model(
    instance: Instance,
    built: BuiltPlacement,
    model: HighsModel,
    settings: SearchSettings,
    goal: Goal,
    found: SearchOutcome,
    check: bool,
) -> None:
    """Ask HiGHS again and again, until the plan it finds holds exactly.

    Parameters
    ----------
    instance, built, model
        What is searched, its Pyomo model, and the same as HiGHS has it; cuts are added to the latter.
    settings
        Gap, deadline, and what HiGHS is told.
    goal
        What is minimised: coefficients of objectives.
    found
        What is known before, a start included; what the search finds is put there, in the units of the goal.
    check
        Whether multipliers have to confirm HiGHS's word.
    """

    def cut(outcome: Outcome) -> bool:
        if _cut_cone(model, built, outcome):
            return False
        _cut_off(model, built, outcome)
        return True

    excluded, cones = refine(
        model,
        built.unit,
        settings,
        found,
        take=lambda outcome: _take(instance, built, model, outcome, found, goal, settings),
        cut=cut,
        start=lambda: start_of(built, found.decision) if found.decision is not None else None,
        # a cut removes one plan of a menu, but a whole family of continuous thresholds: no bound from what is left then
        whole=instance.threshold_mode == "menu",
        check=check,
    )
    found.refused = excluded + cones
    if found.empty and not found.infeasible and not found.doubt and excluded:
        found.doubt = (
            f"HiGHS found plans that break a limit by less than its tolerance, {excluded} of them, and no other"
        )


def refine(
    model: HighsModel,
    unit: float,
    settings: SearchSettings,
    found: SearchState,
    *,
    take: Callable[[Outcome], bool],
    cut: Callable[[Outcome], bool] | None,
    start: Callable[[], Mapping[int, float] | None] = lambda: None,
    whole: bool = True,
    check: bool = True,
) -> tuple[int, int]:
    """Ask HiGHS, value what it finds, cut off what does not hold, and ask again.

    Parameters
    ----------
    model, unit
        What is solved, and what its objective is in.
    settings
        Gap, deadline, and what HiGHS is told.
    found
        What is known before. Bounds, nodes and doubts are put there.
    take
        Values an incumbent exactly and keeps the best; says whether the model valued it rightly.
    cut
        Adds a cut that an incumbent breaks; says whether it excludes that one decision, rather than being a cut that
        all decisions keep. None: there is nothing that could be cut off.
    start
        Values by variable id to start the next search from.
    whole
        Whether a cut excludes one decision and no other; no bound comes of what is left otherwise.
    check
        Whether multipliers have to confirm HiGHS's word.

    Returns
    -------
    int, int
        Decisions excluded, and cuts that all decisions keep.
    """
    excluded = kept = 0
    beaten = False
    while excluded < ATTEMPTS and kept < CUTS and not (settings.deadline.expired and (excluded or kept)):
        outcome = ask(model, unit, settings, start(), check=check)
        found.nodes += outcome.nodes
        found.doubt = outcome.doubt
        proves = whole or excluded == 0
        beaten = excluded == 0 and outcome.bound * unit > found.value + MODEL_ERROR * abs(found.value)
        if outcome.status == "infeasible":
            found.infeasible = found.empty and proves
            if proves:
                found.bound = math.inf if found.infeasible or excluded else found.bound
                found.checked = max(found.checked, outcome.checked)
            break
        if proves and math.isfinite(outcome.bound) and not beaten:
            found.bound = max(found.bound, outcome.bound * unit)
            found.checked = max(found.checked, outcome.checked * unit)
        if outcome.status == "no_solution" and found.empty and not found.doubt and not settings.deadline.expired:
            found.doubt = f"HiGHS ended without a decision: {outcome.ended}"
        if not outcome.values or take(outcome) or outcome.status == "limit":
            break
        if cut is None:
            found.doubt = "the witness values what HiGHS found otherwise than the model, and nothing can be cut off"
            break
        if cut(outcome):
            excluded += 1
        else:
            kept += 1
    if beaten:
        found.doubt = BEATEN
    found.bound = min(found.bound, found.value)
    return excluded, kept


def _take(
    instance: Instance,
    built: BuiltPlacement,
    model: HighsModel,
    outcome: Outcome,
    found: SearchOutcome,
    goal: Goal,
    settings: SearchSettings,
) -> bool:
    """Value the incumbent exactly and keep it if it is the best; say whether the model valued it rightly."""
    polished = outcome if instance.threshold_mode == "menu" else model.polish(outcome, settings.deadline)
    if polished is None:
        return False
    decision = decision_in(instance, built, polished)
    metrics = evaluate(instance, decision)
    value = metrics.blended(goal, instance.latency_measure)
    found.offer(decision, metrics, value)
    modelled = polished.objective * built.unit
    if found.decision == decision:
        found.model_value = modelled
    return not metrics.breaches and value <= modelled + MODEL_ERROR * abs(value)


def ask(
    model: HighsModel,
    unit: float,
    settings: SearchSettings,
    start: Mapping[int, float] | None = None,
    *,
    check: bool = True,
) -> Outcome:
    """Have a model solved as the settings say.

    Parameters
    ----------
    model, unit
        The model, and what its objective is in: progress is told in the goal's own unit.
    settings
        Half of the gap is for the model; the other half is for the exact value of the incumbent.
    start
        Values by variable id.
    check
        Whether HiGHS's bound is to be checked.
    """
    tell = settings.on_progress

    def report(p: Progress) -> None:
        assert tell is not None
        tell(Progress(p.seconds, None if p.incumbent is None else p.incumbent * unit, p.bound * unit, p.improved))

    return model.solve(
        gap=settings.gap / 2,
        time_limit=settings.deadline.left,
        threads=settings.threads,
        seed=settings.seed,
        start=start,
        on_progress=None if tell is None else report,
        options=settings.options,
        check=check,
    )


def _cut_cone(model: HighsModel, built: BuiltPlacement, outcome: Outcome) -> bool:
    """Cut the cone of a tail latency (`latency.py`) at the incumbent; say whether the incumbent broke it."""
    m, data = built.model, built.data
    if m.component("spread") is None:
        return False
    chosen = [place for place in data.places if outcome.value(m.x[place]) > 0.5 and data.deviation(*place) > 0]
    norm = math.sqrt(math.fsum(data.deviation(*place) ** 2 for place in chosen))
    if norm - outcome.value(m.spread) <= EQUAL * norm:
        return False
    columns = [m.x[place] for place in chosen]
    model.add_cut([*columns, m.spread], [*(data.deviation(*place) ** 2 / norm for place in chosen), -1.0], 0.0)
    return True


def _cut_off(model: HighsModel, built: BuiltPlacement, outcome: Outcome) -> None:
    """Exclude the incumbent's binaries (a no-good cut): exact evaluation showed that they do not hold."""
    m = built.model
    names = ("x", "z", "segment", "way")
    binaries = [v for name in names if (c := m.component(name)) is not None for v in c.values()]
    chosen = [variable for variable in binaries if outcome.value(variable) > 0.5]
    model.add_cut(chosen, [1.0] * len(chosen), len(chosen) - 1)
