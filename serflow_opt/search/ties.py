"""Plans as good as the best one that a search of a chain found, and better in another objective."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from serflow_opt.ground.arrays import Floats, Ints, Mask
from serflow_opt.plan.decision import Decision
from serflow_opt.search.bound_recursion import sweep
from serflow_opt.search.combinatorial import LISTED, ChainSearch
from serflow_opt.search.enumerate import near_optimal_placements
from serflow_opt.search.layered import Chain
from serflow_opt.search.placed import Placed, columns_of, menus_used, task_of
from serflow_opt.search.prefixes import most_value
from serflow_opt.search.runs import within_options
from serflow_opt.search.threshold_labels import ThresholdChoice, TooManyLabels, best_thresholds

MOST_LABELS = 20_000
"""Labels set at most."""


def equally_good(search: ChainSearch, held: Chain | None, tolerance: float) -> list[Decision]:
    """Return plans as good as the best one that are better in another objective, the best of them last.

    They are looked for as long as that takes few labels.

    Parameters
    ----------
    search
        One that has ended.
    held
        The arrays with the other objective as the goal, and the objective of the search limited to its best value;
        None: the other objective is the whole time.
    tolerance
        Relative difference that counts as equal.
    """
    if search.best is None:
        return []
    chain, (those, levels) = search.chain, search.best
    most, sooner = search.as_good(tolerance), min(chain.whole_limit, float(those.whole[0]) * (1 - tolerance))
    if held is None and _nothing_sooner(search, most, sooner):
        return []
    weights = search.weights_of(those)
    worth = search.worth(weights, most)
    if held is not None:
        known = dict(zip(chain.columns, weights.tolist(), strict=True))
        there = np.array([known.get(name, 0.0) for name in held.columns])
        return _better(search, held, there, worth, levels, by_whole=False)
    limits = chain.limits.copy()
    limits[0] = most
    return _better(search, replace(chain, limits=limits, whole_limit=sooner), weights, worth, levels, by_whole=True)


def _nothing_sooner(search: ChainSearch, most: float, whole: float) -> bool:
    """Whether the last sweep shows that no plan of at most `most` takes at most `whole`; False: it does not tell."""
    last = search.last
    if last is None or last.most < most or not math.isfinite(search.chain.whole_limit):
        return False
    ends = last.swept.ends
    return not bool(((ends.value <= search.worth(last.weights, most)) & (ends.whole <= whole)).any())


def _better(
    search: ChainSearch, chain: Chain, weights: Floats, most: float, levels: Ints, *, by_whole: bool
) -> list[Decision]:
    deadline = search.deadline
    swept = sweep(chain, weights[None], search.before, most_value(chain, weights, most), deadline=deadline)
    rivals = near_optimal_placements(chain, weights, swept, most, LISTED, deadline) if swept.first[0] >= 0 else None
    if rivals is None:
        return []
    if search.tight:
        rivals = rivals.rows(within_options(chain.data, rivals.paths))
    equal = _same_menus(search, rivals)
    same = np.full((len(rivals), len(chain.columns)), np.inf)
    same[equal] = columns_of(chain, rivals.rows(equal), np.tile(levels, (int(equal.sum()), 1)))
    equal &= np.all(same <= chain.limits, axis=1)
    found: list[Decision] = []
    least, left = math.inf, MOST_LABELS
    for n in np.argsort(rivals.whole if by_whole else np.where(equal, same[:, 0], np.inf), kind="stable").tolist():
        choice = ThresholdChoice(levels, same[n]) if equal[n] else None
        if left > 0 and not (by_whole and equal[n]):
            task = task_of(chain, rivals, n)
            limits = task.limits.copy()
            limits[0] = min(limits[0], np.inf if by_whole else least)
            try:
                task = replace(task, limits=limits)
                other, count = best_thresholds(task, weights, most, labels=left, deadline=deadline)
            except TooManyLabels:
                left = 0
            else:
                choice, left = other or choice, left - count
        if choice is not None and (by_whole or choice.columns[0] < least):
            least = float(choice.columns[0])
            found.append(search.decision_of(rivals.rows(np.array([n])), choice.levels))
            if by_whole:
                break  # the others are slower
    return found


def _same_menus(search: ChainSearch, those: Placed) -> Mask:
    """Which placements take their thresholds from the menus that those of the best plan are from."""
    if search.best is None:
        return np.ones(len(those), dtype=bool)
    used, best = menus_used(search.chain, those.paths), menus_used(search.chain, search.best[0].paths)
    if used is None or best is None:
        return np.ones(len(those), dtype=bool)
    same: Mask = (used == best).all(axis=1)
    return same
