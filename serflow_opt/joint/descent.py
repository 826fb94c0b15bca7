"""Good thresholds quickly: coordinate descent with a price on right answers, then the best change of two at once.

Each step values all thresholds of an exit, or of two exits, while the others stay: sums over samples, in one product.
"""

from __future__ import annotations

import numpy as np

from serflow_opt.joint.grid import Aim, Floats, Grid, Ints

SWEEPS = 20
HALVINGS = 14
"""Prices tried at most."""
CLOSE = 1.2
"""Prices this close, relative, are not told apart."""
CHANGES = 12
"""Changes of two thresholds at most."""


def descend(grid: Grid, weight: Floats, price: float, levels: Ints) -> Ints:
    """Improve Σ n_k weight_k - price · right one threshold at a time until none helps."""
    levels = levels.copy()
    leaving = -price * grid.right
    last = grid.exits - 1
    for _ in range(SWEEPS):
        changed = False
        onward = [np.empty(0)] * grid.exits
        onward[last] = leaving[:, last]
        for k in range(last - 1, -1, -1):
            onward[k] = np.where(grid.leaves[k][:, levels[k]], leaving[:, k], weight[k + 1] + onward[k + 1])
        inside = np.ones(grid.samples)
        for k in range(last):
            values = (inside * (leaving[:, k] - weight[k + 1] - onward[k + 1])) @ grid.leaves[k]
            level = int(values.argmin())
            if values[level] < values[levels[k]] - 1e-9 * abs(values[levels[k]]):
                levels[k], changed = level, True
            inside = inside * ~grid.leaves[k][:, levels[k]]
        if not changed:
            break
    return levels


def starts(grid: Grid, aim: Aim) -> Ints:
    """Return rows of levels that descent ends in, at prices of right answers around the floor's."""
    counts = np.array(grid.levels)
    scale = float(np.abs(aim.weight[1:]).sum()) or 1.0
    found = [(share * (counts - 1)).astype(np.int64) for share in (0.0, 0.25, 0.5, 0.75, 1.0)]
    if aim.need <= 0 or not len(counts):
        return np.unique(np.array(found), axis=0)
    for first in found[:5]:
        low, high, price = 0.0, 100 * scale, 5 * scale
        for _ in range(HALVINGS):
            levels = descend(grid, aim.weight, price, first)
            found.append(levels)
            _, right = grid.follow(levels[None, :])
            if right[0] >= aim.need:
                high = price
            else:
                low = price
            price = (low * high) ** 0.5 if low > 0 else high / 3
            if high <= CLOSE * low:
                break
    return np.unique(np.array(found), axis=0)


def _breach(aim: Aim, right: Floats, use: Floats) -> Floats:
    """How far the floor and the side limits are missed, 0 where they hold."""
    missed: Floats = np.maximum(0.0, aim.need - right)
    for j, most in enumerate(aim.most):
        missed = missed + aim.need * np.maximum(0.0, use[j] - most) / (most or 1.0)
    return missed


def polish(grid: Grid, aim: Aim, levels: Ints, changes: int = CHANGES) -> Ints:
    """Take the best change of two thresholds, first of the breach of limits, then of the value, until none helps."""
    levels = levels.copy()
    last = grid.exits - 1
    bases = np.vstack([aim.weight, aim.use])
    for _ in range(changes):
        onward = _onward(grid, bases, levels)
        counts, right = grid.follow(levels[None, :])
        spent = bases @ counts[0]
        breach = float(_breach(aim, right.astype(float), spent[1:, None])[0])
        best, chosen = (breach, float(spent[0])), levels
        inside = np.ones(grid.samples, dtype=bool)
        before, right_before = bases[:, 0] * grid.samples, 0.0
        for k in range(last):
            stays = (inside[:, None] & ~grid.leaves[k]).T.astype(float)
            gone = inside.astype(float) - stays
            rights = right_before + gone @ grid.right[:, k]
            paid = before[:, None] + bases[:, k + 1, None] * stays.sum(axis=1)
            for j in range(k + 1, last):
                out = grid.leaves[j]
                pay, hit = onward[j + 1]
                pay = pay + bases[:, j + 1, None]
                totals = [
                    (paid[b] + stays @ pay[b])[:, None] - stays @ (pay[b][:, None] * out) for b in range(len(bases))
                ]
                hits = (rights + stays @ hit)[:, None] + stays @ ((grid.right[:, j] - hit)[:, None] * out)
                missed = _breach(aim, hits, np.array(totals[1:]))
                least = missed.min()
                row = int(np.where(missed <= least, totals[0], np.inf).argmin())
                key = (float(least), float(totals[0].flat[row]))
                if key < (best[0] - 1e-9, 0.0) or (key[0] <= best[0] and key[1] < best[1] - 1e-9 * abs(best[1])):
                    best, chosen = key, levels.copy()
                    chosen[k], chosen[j] = divmod(row, hits.shape[1])
                leaves_now = stays * out[:, levels[j]]
                rights = rights + leaves_now @ grid.right[:, j]
                stays = stays - leaves_now
                paid = paid + bases[:, j + 1, None] * stays.sum(axis=1)
            out_now = inside & grid.leaves[k][:, levels[k]]
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
        out = grid.leaves[k][:, levels[k]]
        steps.append((np.where(out, 0.0, bases[:, k + 1, None] + pay), np.where(out, grid.right[:, k], hit)))
    return steps[::-1]
