"""Good thresholds quickly: coordinate descent with a price on right answers, then the best change of two at once.

Each step values all thresholds of an exit while the others stay, every value the samples have: sums over samples by
the number of thresholds they pass. Of two exits one is tried at all its thresholds too, where they are few, else in
steps that double.
"""

from __future__ import annotations

import numpy as np

from serflow_opt.ground.arrays import Floats, Ints
from serflow_opt.ground.deadline import NEVER, Deadline
from serflow_opt.ground.tolerances import EQUAL
from serflow_opt.search.joint.grid import Aim, Grid, at_least, at_levels, by_rank, total

SWEEPS = 20
HALVINGS = 14
"""Prices tried at most."""
SIMILAR = 1.2
"""Prices this close, relative, are not told apart."""
CHANGES = 12
"""Changes of two thresholds at most."""
ALL = 200
"""Up to so many thresholds of an exit are tried beside all of another."""


def descend(grid: Grid, weight: Floats, price: float, levels: Ints) -> Ints:
    """Improve Σ n_k weight_k - price · right one threshold at a time until none helps.

    Parameters
    ----------
    grid
        The samples.
    weight
        K, what a sample adds in each segment.
    price
        What a right answer is worth, in the unit of the weights.
    levels
        K-1, where to begin; they are not changed.

    Returns
    -------
    Ints
        K-1 levels: none alone can be changed for the better, or `SWEEPS` rounds are over.
    """
    levels = levels.copy()
    leaving = -price * grid.right
    last = grid.exits - 1
    for _ in range(SWEEPS):
        changed = False
        onward = [np.empty(0)] * grid.exits
        onward[last] = leaving[:, last]
        for k in range(last - 1, -1, -1):
            onward[k] = np.where(grid.leaves(k, levels[k]), leaving[:, k], weight[k + 1] + onward[k + 1])
        inside = np.ones(grid.samples)
        for k in range(last):
            gains = inside * (leaving[:, k] - weight[k + 1] - onward[k + 1])
            values = at_levels(grid.passed[:, k], grid.levels[k], gains)
            level = int(values.argmin())
            if values[level] < values[levels[k]] - EQUAL * abs(values[levels[k]]):
                levels[k], changed = level, True
            inside = inside * ~grid.leaves(k, levels[k])
        if not changed:
            break
    return levels


def starts(grid: Grid, aim: Aim, deadline: Deadline = NEVER) -> Ints:
    """Return levels that descent ends in, at prices of right answers around the floor's.

    Parameters
    ----------
    grid, aim
        Samples and what is wanted; limits on the side are left to `polish`.
    deadline
        Where it ends, what was found by then is returned.

    Returns
    -------
    Ints
        T x (K-1), no row twice.
    """
    counts = np.array(grid.levels)
    scale = float(np.abs(aim.weight[1:]).sum()) or 1.0
    found = [(share * (counts - 1)).astype(np.int64) for share in (0.0, 0.25, 0.5, 0.75, 1.0)]
    if aim.need <= 0 or not len(counts):
        return np.unique(np.array(found), axis=0)
    for first in found[:5]:
        low, high, price = 0.0, 100 * scale, 5 * scale
        for _ in range(HALVINGS):
            if deadline.expired:
                break
            levels = descend(grid, aim.weight, price, first)
            found.append(levels)
            _, right = grid.follow(levels[None, :])
            if right[0] >= aim.need:
                high = price
            else:
                low = price
            price = (low * high) ** 0.5 if low > 0 else high / 3
            if high <= SIMILAR * low:
                break
    return np.unique(np.array(found), axis=0)


def _breach(aim: Aim, right: Floats, use: Floats) -> Floats:
    """How far the floor and the side limits are missed, 0 where they hold."""
    missed: Floats = np.maximum(0.0, aim.need - right)
    for j, most in enumerate(aim.most):
        missed = missed + aim.need * np.maximum(0.0, use[j] - most) / (most or 1.0)
    return missed


def _tried(count: int, level: int) -> Ints:
    """Which levels of an exit are tried beside all of another: all, or its own and those in steps that double."""
    if count <= ALL:
        return np.arange(count)
    steps = 2 ** np.arange(int(count).bit_length())
    near = np.concatenate([[level], level - steps, level + steps])
    return np.unique(near[(near >= 0) & (near < count)])


def polish(grid: Grid, aim: Aim, levels: Ints, deadline: Deadline = NEVER) -> Ints:
    """Take the best change of two thresholds, first of the breach of limits, then of the value, until none helps.

    Parameters
    ----------
    grid, aim
        Samples and what is wanted, with limits on the side.
    levels
        K-1, where to begin; they are not changed.
    deadline
        When time is up, the best change so far is taken.
    """
    levels = levels.copy()
    last = grid.exits - 1
    bases = np.vstack([aim.weight, aim.use])
    for _ in range(CHANGES):
        onward = _onward(grid, bases, levels)
        counts, right = grid.follow(levels[None, :])
        spent = bases @ counts[0]
        breach = float(_breach(aim, right.astype(float), spent[1:, None])[0])
        best, chosen = (breach, float(spent[0])), levels
        inside = np.ones(grid.samples, dtype=bool)
        before, right_before = bases[:, 0] * grid.samples, 0.0
        for k in range(last):
            if deadline.expired:
                return chosen
            tried = _tried(grid.levels[k], int(levels[k]))
            stays = (inside[:, None] & (grid.passed[:, k, None] <= tried[None, :])).astype(float)
            rights = right_before + total(grid.right[:, k], inside[:, None] - stays)
            paid = before[:, None] + bases[:, k + 1, None] * stays.sum(axis=0)
            for j in range(k + 1, last):
                pay, hit = onward[j + 1]
                pay = pay + bases[:, j + 1, None]
                columns = [*pay, hit, grid.right[:, j], np.ones(grid.samples)]
                summed = by_rank(grid.passed[:, j], grid.levels[j], columns) @ stays
                sums = at_least(summed, grid.levels[j])  # by column, everybody and level of j, level of k tried
                inside_now, gone = sums[:, 0], sums[:, 1:]
                totals = (paid + inside_now[:-3])[:, None, :] - gone[:-3]
                hits = rights + inside_now[-3] - gone[-3] + gone[-2]
                missed = _breach(aim, hits, totals[1:])
                least = missed.min()
                row = int(np.where(missed <= least, totals[0], np.inf).argmin())
                key = (float(least), float(totals[0].flat[row]))
                if key < (best[0] - EQUAL, 0.0) or (key[0] <= best[0] and key[1] < best[1] - EQUAL * abs(best[1])):
                    level, at = divmod(row, len(tried))
                    best, chosen = key, levels.copy()
                    chosen[k], chosen[j] = tried[at], level
                rights = rights + gone[-2, levels[j]]
                paid = paid + bases[:, j + 1, None] * (inside_now[-1] - gone[-1, levels[j]])
                stays = stays * ~grid.leaves(j, levels[j])[:, None]
            out_now = inside & grid.leaves(k, levels[k])
            right_before += float(grid.right[out_now, k].sum())
            inside &= ~out_now
            before = before + bases[:, k + 1] * inside.sum()
        if chosen is levels:
            break
        levels = chosen
    return levels


def _onward(grid: Grid, bases: Floats, levels: Ints) -> list[tuple[Floats, Floats]]:
    """What a sample before each exit adds from there on, in each base, and whether it ends right."""
    last = grid.exits - 1
    steps = [(np.zeros((len(bases), grid.samples)), grid.right[:, last])]
    for k in range(last - 1, -1, -1):
        pay, hit = steps[-1]
        out = grid.leaves(k, levels[k])
        steps.append((np.where(out, 0.0, bases[:, k + 1, None] + pay), np.where(out, grid.right[:, k], hit)))
    return steps[::-1]
