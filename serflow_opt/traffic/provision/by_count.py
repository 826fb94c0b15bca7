"""Sharper bounds of structures, for each number of machines by itself.

What n machines and the function beside them cost is convex in the work W of a block (`carrying.py`), so that lines
below it touch it. The least over all n, which `bounds.py` looks at, is nearly concave: lines below that are far off.
Without a function n machines take work up to a limit, which is priced. So a structure costs no less than the least,
over the numbers its blocks may have, of the best Lagrangian bound over such lines.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.ground.tolerances import EQUAL, TOLERANCE
from serflow_opt.search.lagrangian import LinearCost, solve_dual
from serflow_opt.traffic.provision.in_place import PARTS, Dear
from serflow_opt.traffic.provision.pricing import Pricing
from serflow_opt.traffic.provision.structures import BlockChoice, Structure

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

LINES = 12
"""Lines that are tried for each number of machines."""
MOST_SIZES = 100
"""Ways to choose numbers of machines for a structure that are looked at: with more, a machine matters less."""
PRICES = np.geomspace(1 / 16, 16, LINES)
"""Of work where a block has machines alone, times what the best deployment costs at the most work there may be."""
SWEEPS = 2
"""Times the lines of each block are chosen anew where several have machines."""
ROWS = 20_000
"""Lagrangians that are solved at once."""


@dataclass(frozen=True, slots=True)
class PricedSize:
    """A number of machines: what it costs at least, and lines (slope, start) below what it costs by work."""

    least: float
    slopes: Floats
    starts: Floats


@dataclass(frozen=True, slots=True)
class PricedRow:
    """A structure (its position) with numbers of machines; `fixed` and `weight` are of all but these."""

    structure: int
    fixed: float
    weight: Floats
    blocks: list[BlockChoice]
    sizes: tuple[PricedSize, ...]


def by_count(
    pricing: Pricing,
    structures: Sequence[Structure],
    best: float,
    late: LinearCost,
    least: Sequence[Sequence[int]],
    dear: Sequence[dict[int, Dear]],
) -> Floats:
    """Bound structures against the best deployment known, USD per second; inf: none can be cheaper.

    Parameters
    ----------
    pricing
        What blocks cost.
    structures
        Those to be bounded.
    best
        USD per second, finite.
    late
        For each what lateness costs at a price; <= 0 in sum where the target is kept.
    least
        For each the least machines by block.
    dear
        For each what `too_dear` returns.

    Raises
    ------
    OutOfTime
        At the deadline of `pricing`.
    """
    bounds = np.zeros(len(structures))
    rows: list[PricedRow] = []
    for n, structure in enumerate(structures):
        pricing.deadline.check()
        leasts = [pricing.least(choice) for choice in structure]
        left = [best * (1 + TOLERANCE) - math.fsum(leasts[:b] + leasts[b + 1 :]) for b in range(len(structure))]
        rented = [b for b, choice in enumerate(structure) if choice.machine is not None]
        sizes = [_sizes(pricing, structure[b], left[b], least[n][b], dear[n].get(b, {})) for b in rented]
        if not rented or math.prod(map(len, sizes)) > MOST_SIZES:
            continue
        alone = math.fsum(least for b, least in enumerate(leasts) if b not in rented)
        weight = late.weight[n].copy()
        for choice in structure:
            weight += pricing.weights(choice) if choice.machine is None else pricing.handing(choice)
        bounds[n] = math.inf
        for own in itertools.product(*sizes):
            if alone + math.fsum(size.least for size in own) < best:
                rows.append(PricedRow(n, float(late.fixed[n]), weight, [structure[b] for b in rented], own))
    step = ROWS // LINES
    for begin in range(0, len(rows), step):
        some = rows[begin : begin + step]
        np.minimum.at(bounds, [row.structure for row in some], bounds_of(pricing, some))
    return bounds * (1 - EQUAL)


def bounds_of(pricing: Pricing, rows: Sequence[PricedRow]) -> Floats:
    """Bound each row, with lines chosen block by block."""
    count, last = len(rows), pricing.data.last
    slots = max(len(row.sizes) for row in rows)
    busy, slopes, starts = (
        np.zeros((slots, count, last)),
        np.zeros((slots, count, LINES)),
        np.zeros((slots, count, LINES)),
    )
    for r, row in enumerate(rows):
        for j, (choice, size) in enumerate(zip(row.blocks, row.sizes, strict=True)):
            busy[j, r], slopes[j, r], starts[j, r] = pricing.busy(choice), size.slopes, size.starts
    fixed, weight = np.array([row.fixed for row in rows]), np.array([row.weight for row in rows])
    chosen = np.full((slots, count), LINES // 2)
    every, found = np.arange(count), np.full(count, -math.inf)
    for j in [*range(slots)] * (SWEEPS if slots > 1 else 1):
        pricing.deadline.check()
        others = [i for i in range(slots) if i != j]
        start = sum((starts[i, every, chosen[i]] for i in others), fixed)
        moved = sum((slopes[i, every, chosen[i], None] * busy[i] for i in others), weight)
        whole = LinearCost(
            (start[:, None] + starts[j]).ravel(),
            (moved[:, None, :] + slopes[j][:, :, None] * busy[j][:, None, :]).reshape(-1, last),
        )
        values = solve_dual(pricing.exits, pricing.instance.accuracy_min, whole).bound.reshape(count, LINES)
        chosen[j], found = values.argmax(axis=1), np.maximum(found, values.max(axis=1))
    return found


def _sizes(pricing: Pricing, choice: BlockChoice, left: float, least: int, dear: Dear) -> list[PricedSize]:
    """Return the numbers of machines of a block, `least` or more, that may cost less than what is left for it.

    `dear` is where they do not, by number of machines.
    """
    rent, profile = pricing.rent(choice), pricing.profile(choice)
    if not math.isfinite(profile.costs[0]):
        return []
    if choice.function is None:
        loads = np.asarray(pricing.sizes(choice)) * (1 + TOLERANCE)
        return [
            PricedSize(rent * count, prices, rent * count - prices * work)
            for count, work in enumerate((loads / pricing.demand.peak).tolist())
            if count >= least and work >= profile.grid[0] and rent * count <= left
            for prices in [PRICES * left / work]
        ]
    grid = profile.grid[: profile.reach_of(left) + 1]
    costs = pricing.by_count(choice)[:, : len(grid)]
    found = []
    for count in range(least, len(costs)):
        own = costs[count]
        if own[0] > left:
            continue
        if count not in dear:
            found.append(PricedSize(float(own[0]), *_below(grid, own)))
            continue
        cells = np.repeat(dear[count], (len(profile.grid) - 1) // PARTS)[: len(grid) - 1]
        if not cells.all():
            own = np.where(np.append(cells, False), np.maximum(own, left), own)
            found.append(PricedSize(float(own.min()), *_below_steps(grid, own)))
    return found


def _below_steps(grid: Floats, costs: Floats) -> tuple[Floats, Floats]:
    """Return lines (slopes, starts) below a rising function that is known at points of a grid.

    In a cell it is no less than at its left end, so that the lower hull of these values at the right ends is below.
    """
    points = list(zip([grid[0], *grid[1:].tolist()], [costs[0], *costs[:-1].tolist()], strict=True))
    hull: list[tuple[float, float]] = []
    for x, y in points:
        while len(hull) > 1 and (hull[-1][1] - hull[-2][1]) * (x - hull[-2][0]) >= (y - hull[-2][1]) * (
            hull[-1][0] - hull[-2][0]
        ):
            hull.pop()
        hull.append((x, y))
    slopes = np.array([(b[1] - a[1]) / (b[0] - a[0]) for a, b in itertools.pairwise(hull) if b[0] > a[0]] or [0.0])
    slopes = np.maximum(slopes[np.linspace(0, len(slopes) - 1, LINES).round().astype(int)], 0.0)
    right = np.append(grid[1:], grid[-1])
    starts: Floats = (costs - slopes[:, None] * right).min(axis=1)
    return slopes, starts


def _below(grid: Floats, costs: Floats) -> tuple[Floats, Floats]:
    """Return lines (slopes, starts) below a convex and rising function that is known at points of an even grid.

    In a cell with chord slope s, between chords of slopes a and b, the function is above both of these, and so at most
    (s - a)(b - s) / (b - a) of a cell below its chord.
    """
    width = grid[1] - grid[0]
    if not width > 0:
        return np.zeros(LINES), np.full(LINES, costs[0])
    slopes = np.maximum.accumulate(np.diff(costs) / width)
    before, after = np.concatenate([[0.0], slopes[:-1]]), np.append(slopes[1:], math.inf)
    with np.errstate(invalid="ignore"):
        dips = np.where(np.isfinite(after), (slopes - before) * (after - slopes) / (after - before), slopes - before)
    cells = np.linspace(0, len(slopes) - 1, LINES).round().astype(int)
    starts = costs[cells] - slopes[cells] * grid[cells] - np.nan_to_num(dips[cells]) * width
    return slopes[cells], starts
