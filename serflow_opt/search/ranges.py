"""Choices from ranges, to a proven gap: cells of the ranges bound from below, members from above, and cells are cut.

A cell of a range (`ranges.py`) stands in a relaxed instance as one option, or one way, that is nowhere worse than any
of its members, so the relaxed optimum is a lower bound. The members at the ends and in the middle of the cells it uses
make a restricted instance, whose optimum is a plan. Cells that no placement within the best plan's value uses go for
good; the others are cut around the relaxed optimum, until bound and plan are within the gap.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from serflow_opt.formulations.coefficients import Data
from serflow_opt.ground.tolerances import EQUAL
from serflow_opt.plan.decision import Decision
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.network import HandoverMode
from serflow_opt.problem.offers import Option
from serflow_opt.problem.ranges import Cell, FunctionSizes, NoiseCurve, Range
from serflow_opt.search.best import search
from serflow_opt.search.goal import Goal
from serflow_opt.search.outcome import OUT_OF_TIME, SearchOutcome, SearchSettings
from serflow_opt.search.placements import NOWHERE
from serflow_opt.search.prune import Pruned

FIRST = 12
"""Cells that a range is first cut into."""
PARTS = 4
"""Cells that a cell is cut into."""
ROUNDS = 60
"""Rounds at most: 4^60 parts are beyond double precision."""


@dataclass(frozen=True, slots=True)
class Refined:
    """The best plan found and what is proven: with the instance that has the members it uses, and rounds of cutting."""

    instance: Instance
    found: SearchOutcome
    rounds: int


Named = tuple[int, Cell]
"""A family's position and one of its cells."""


@dataclass(frozen=True, slots=True)
class _Relaxed:
    """An instance with a stand-in for each cell, and which option and which way stands for which."""

    instance: Instance
    by_option: dict[int, Named]
    by_way: dict[tuple[int, int], Named]

    def used(self, decision: Decision) -> set[Named]:
        """Return the cells that a plan uses."""
        ways = {(s, decision.way(s)) for s in range(len(decision.options))}
        return self.cells(set(decision.options), ways)

    def cells(self, options: set[int], ways: set[tuple[int, int]]) -> set[Named]:
        """Return the cells that some options and ways stand for."""
        found = {self.by_option[p] for p in options if p in self.by_option}
        return found | {self.by_way[key] for key in ways if key in self.by_way}


def _relax(instance: Instance, cells: list[list[Cell]]) -> _Relaxed:
    options, ways = list(instance.options), [list(known) for known in instance.ways]
    by_option: dict[int, Named] = {}
    by_way: dict[tuple[int, int], Named] = {}
    for f, family in enumerate(instance.families):
        for cell in cells[f]:
            if isinstance(family, FunctionSizes):
                by_option[len(options)] = f, cell
                options.append(family.relaxed(cell))
            else:
                by_way[family.stage, len(ways[family.stage])] = f, cell
                ways[family.stage].append(family.relaxed(cell))
    return _Relaxed(_with(instance, options, ways), by_option, by_way)


def _restrict(instance: Instance, used: set[Named]) -> Instance:
    """Return the instance with members of the cells used: at the ends and in the middle."""
    options, ways = list(instance.options), [list(known) for known in instance.ways]
    names = {(option.tier, option.name) for option in options}
    for f, (low, high) in sorted(used):
        family, middle = instance.families[f], (low + high) / 2
        if isinstance(family, FunctionSizes):
            sizes = sorted({round(low), round(middle), round(high)})
            options += [o for o in map(family.option, sizes) if (o.tier, o.name) not in names]
        else:
            ways[family.stage] += [family.way(scale) for scale in sorted({low, middle, high})]
    return _with(instance, options, ways)


def _with(instance: Instance, options: list[Option], ways: list[list[HandoverMode]]) -> Instance:
    return replace(instance, options=tuple(options), ways=tuple(map(tuple, ways)), families=())


def refine(instance: Instance, settings: SearchSettings, goal: Goal) -> Refined:
    """Search for the best plan of an instance with ranges.

    Limits are the instance's own; equally good plans are not told apart.

    Parameters
    ----------
    instance
        With ranges of sizes or noise strengths.
    settings
        Gap between bound and plan at which it ends, deadline, and what each search is told.
    goal
        What is minimised: coefficients of objectives.
    """
    cells = [_first(family) for family in instance.families]
    quiet = replace(settings, gap=settings.gap / 2, on_progress=None)
    best, holder, bound, nodes, rounds = SearchOutcome(), instance, -math.inf, 0, 0
    checked = -math.inf
    while rounds < ROUNDS:
        relaxed = _relax(instance, cells)
        lower = search(relaxed.instance, quiet, goal)
        nodes += lower.nodes
        if lower.infeasible:
            best.infeasible = best.decision is None
            bound = checked = best.value
            break
        bound, checked, best.doubt = max(bound, lower.bound), max(checked, lower.checked), lower.doubt
        if lower.decision is None:
            break
        used = relaxed.used(lower.decision)
        restricted = _restrict(instance, used)
        upper = search(restricted, quiet, goal)
        nodes += upper.nodes
        if upper.decision is not None and upper.value < best.value:
            best, holder = upper, restricted
        best.bound, best.pruned = min(bound, best.value), lower.pruned
        if best.proven(settings.gap) or settings.deadline.expired:
            break
        rounds += 1
        alive = _alive(relaxed, lower.pruned, best.value)
        cut, stays = used | (alive or set()), None if alive is None else alive | used
        finer: list[list[Cell]] = []
        for f, known in enumerate(cells):
            kept = [cell for cell in known if stays is None or (f, cell) in stays]
            halves = [instance.families[f].parts(cell, PARTS) if (f, cell) in cut else [cell] for cell in kept]
            finer.append([part for parts in halves for part in parts])
        if finer == cells:  # single members everywhere: nothing is relaxed any more
            break
        cells = finer
    if best.decision is None and not best.infeasible:
        best.doubt = best.doubt or OUT_OF_TIME
    best.bound, best.nodes, best.model_value = min(bound, best.value), nodes, None
    best.checked = min(checked, best.bound)
    return Refined(holder, best, rounds)


def _first(family: Range) -> list[Cell]:
    if isinstance(family, NoiseCurve):
        return family.parts(family.span, 1)
    return family.parts(family.span, FIRST)


def _alive(relaxed: _Relaxed, pruned: Pruned | None, value: float) -> set[Named] | None:
    """Return the cells that placements with a bound of at most the best value use; None where bounds are not known."""
    if pruned is None or not math.isfinite(value):
        return None
    paths = pruned.rivals(value + EQUAL * abs(value)).paths
    data = Data(relaxed.instance)
    options = {data.option(e) for e in np.unique(paths.runner).tolist() if e != NOWHERE}
    ways = {(s, w) for s in range(paths.way.shape[1]) for w in np.unique(paths.way[:, s]).tolist()}
    return relaxed.cells(options, ways)
