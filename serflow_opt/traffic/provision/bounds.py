"""Bounds of what structures cost, so that few need a model.

What a block costs at least by the work W that requests make there is Φ(W) (`pricing.py`). W is at least what the most
frugal thresholds make (the Lagrangian of the accuracy floor on the block's seconds), and at most what costs as much as
the best deployment known. Between the two a line below Φ bounds the block, and W is linear in the reaches: so the
Lagrangian bounds a structure over all thresholds at once (`lagrangian.py`), and says which thresholds can still win.
Latency that depends on the thresholds is moved into the cost the same way.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.formulations.pools import LateLimit
from serflow_opt.ground.tolerances import EQUAL, ROUNDING
from serflow_opt.search.lagrangian import DualBound, LinearCost, forced_levels, solve_dual
from serflow_opt.traffic.provision.by_count import by_count
from serflow_opt.traffic.provision.in_place import ALL, fewest, too_dear

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from serflow_opt.ground.arrays import Floats, Ints
    from serflow_opt.traffic.provision.pricing import Pricing
    from serflow_opt.traffic.provision.structures import Structure

LATE_PRICES = (0.01, 1000.0)
"""Between these the multiplier of a latency limit is looked for, times the best cost known."""
LATE_ROUNDS = 10
"""Golden sections."""


@dataclass(frozen=True, slots=True)
class BoundedStructures:
    """Structures in the order of their bounds (USD/s); for each the multiplier of the floor, line and liked levels.

    `late` is what the line has for being late, at a price: <= 0 in sum where the target is kept.
    """

    structures: list[Structure]
    bounds: Floats
    multiplier: Floats
    view: LinearCost
    levels: NDArray[np.int64]
    late: LinearCost

    def below(self, best: float) -> BoundedStructures:
        """Return those that may cost less than `best`, cheapest bound first."""
        order = np.argsort(self.bounds, kind="stable")
        return self.rows(order[np.isfinite(self.bounds[order]) & (self.bounds[order] < best)])

    def rows(self, order: Ints) -> BoundedStructures:
        """Return some of them, in an order."""
        return BoundedStructures(
            [self.structures[n] for n in order],
            self.bounds[order],
            self.multiplier[order],
            LinearCost(self.view.fixed[order], self.view.weight[order]),
            self.levels[order],
            LinearCost(self.late.fixed[order], self.late.weight[order]),
        )


def late_of(pricing: Pricing, structure: Structure) -> LateLimit | None:
    """Return what latency asks of the thresholds of a structure; None where they cannot keep it."""
    return pricing.promise.late(structure, pricing.least_reach)


def bounded(pricing: Pricing, structures: Sequence[Structure], best: float) -> BoundedStructures:
    """Bound structures against the best deployment known (inf: none), cheapest bound first.

    Deployments that cost more than `best` are not bounded: a bound above it says only that.

    Parameters
    ----------
    pricing
        What blocks cost.
    structures
        Those to be bounded.
    best
        USD per second.

    Returns
    -------
    Bounded
        The structures that may cost less than `best`, with the multipliers and levels that bound them.

    Raises
    ------
    OutOfTime
        At the deadline of `pricing`.
    """
    if not structures:
        nothing, none = np.zeros(0), LinearCost(np.zeros(0), np.zeros((0, pricing.data.last)))
        return BoundedStructures([], nothing, nothing, none, np.zeros((0, 0), int), none)
    each = {choice for structure in structures for choice in structure}
    if math.isfinite(best):
        lines = {choice: pricing.line(choice, best) for choice in each}
    else:
        lines = {choice: (0.0, pricing.weights(choice)) for choice in each}
    fixed = np.array([math.fsum(lines[choice][0] for choice in structure) for structure in structures])
    weight = np.array([np.sum([lines[choice][1] for choice in structure], axis=0) for structure in structures])
    floor = pricing.instance.accuracy_min
    view = LinearCost(fixed, weight)
    bracket = solve_dual(pricing.exits, floor, view)
    price, late = np.zeros(len(structures)), _late_rows(pricing, structures)
    if math.isfinite(best) and late is not None:
        price, bracket = _priced(pricing, view, late, best, bracket)
        late = LinearCost(-price * late.fixed, price[:, None] * late.weight)
        view = LinearCost(view.fixed + late.fixed, view.weight + late.weight)
    else:
        late = LinearCost(np.zeros(len(structures)), np.zeros(weight.shape))
    bounds = np.nan_to_num(bracket.bound, nan=math.inf, posinf=math.inf) * (1 - EQUAL)
    if math.isfinite(best):
        bounds = np.maximum(bounds, [math.fsum(map(pricing.least, structure)) for structure in structures])
    return BoundedStructures(list(structures), bounds, bracket.multiplier, view, bracket.levels, late).below(best)


def sharpened(pricing: Pricing, found: BoundedStructures, best: float, *, closely: bool = False) -> BoundedStructures:
    """Return structures with bounds where they stand, and for each number of machines, where higher; see `bounded`.

    Parameters
    ----------
    pricing
        Prices of blocks under the demand.
    found
        What `bounded` returned.
    best
        Structures from this on are left out, USD/s.
    closely
        Whether to look where blocks stand at what may wait beside functions, too: worth it for many structures.
    """
    if not found.structures or not math.isfinite(best):
        return found
    least = fewest(pricing, found.structures, best)
    usd = np.array([_rented(pricing, *own) for own in zip(found.structures, least, strict=True)])
    order = np.flatnonzero(usd < best)
    found, least = found.rows(order), [least[n] for n in order.tolist()]
    dear = too_dear(pricing, found.structures, best) if closely else [{} for _ in found.structures]
    bounds = by_count(pricing, found.structures, best, found.late, least, dear)
    counted = np.maximum(usd[order] * (1 - EQUAL), bounds)
    return replace(found, bounds=np.maximum(found.bounds, counted)).below(best)


def _rented(pricing: Pricing, structure: Structure, least: Sequence[int]) -> float:
    """What a structure costs at least, USD per second, if blocks with machines alone have as many as they need."""
    return math.fsum(
        (pricing.rent(choice) * count if count < ALL else math.inf)
        if choice.machine is not None and choice.function is None
        else pricing.least(choice)
        for choice, count in zip(structure, least, strict=True)
    )


def _priced(
    pricing: Pricing, view: LinearCost, late: LinearCost, best: float, free: DualBound
) -> tuple[Floats, DualBound]:
    """Bound structures with what is late moved into the cost, at the price that bounds best: prices and bounds.

    The bound is concave in the price, so golden sections close in on its best, in the logarithm, for all in step;
    `free` is at price 0.
    """
    floor, count = pricing.instance.accuracy_min, len(view.fixed)
    price, found = np.zeros(count), free

    def at(log_price: Floats) -> Floats:
        nonlocal price, found
        own = np.exp(log_price) * best
        priced = LinearCost(view.fixed - own * late.fixed, view.weight + own[:, None] * late.weight)
        dual = solve_dual(pricing.exits, floor, priced)
        better = dual.bound > found.bound
        price = np.where(better, own, price)
        found = DualBound(
            np.where(better, dual.bound, found.bound),
            np.where(better, dual.multiplier, found.multiplier),
            np.where(better, dual.value, found.value),
            np.where(better[:, None], dual.levels, found.levels),
        )
        return dual.bound

    low, high = (np.full(count, math.log(end)) for end in LATE_PRICES)
    ratio = (math.sqrt(5) - 1) / 2
    left, right = high - ratio * (high - low), low + ratio * (high - low)
    at_left, at_right = at(left), at(right)
    for _ in range(LATE_ROUNDS):
        rising = at_left < at_right
        low, high = np.where(rising, left, low), np.where(rising, high, right)
        fresh = np.where(rising, low + ratio * (high - low), high - ratio * (high - low))
        value = at(fresh)
        left, at_left, right, at_right = (
            np.where(rising, right, fresh),
            np.where(rising, at_right, value),
            np.where(rising, fresh, left),
            np.where(rising, value, at_left),
        )
    return price, found


def quickest(pricing: Pricing, structures: Sequence[Structure]) -> tuple[list[Structure], NDArray[np.int64]]:
    """Return the structures that thresholds can make keep the latency target, and for each such thresholds.

    For worst-case latency, which thresholds do not change, there is nothing to do: no thresholds come back.
    """
    late = _late_rows(pricing, structures)
    if late is None or not structures:
        return list(structures), np.zeros((0, pricing.data.last), dtype=np.int64)
    view = LinearCost(np.zeros(len(structures)), late.weight)
    bracket = solve_dual(pricing.exits, pricing.instance.accuracy_min, view)
    kept = np.flatnonzero(bracket.bound <= late.fixed * (1 + EQUAL) + ROUNDING)
    return [structures[n] for n in kept.tolist()], bracket.levels[kept]


def _late_rows(pricing: Pricing, structures: Sequence[Structure]) -> LinearCost | None:
    """Return for each structure (allowed, weights) with Σ R_s weight_s <= allowed in time; None: nothing to price.

    What requests wait is left out, which keeps bounds below.
    """
    if pricing.instance.latency_slo_s is None or pricing.instance.latency_measure == "worst":
        return None
    allowed, weight = np.zeros(len(structures)), np.zeros((len(structures), pricing.data.last))
    for n, structure in enumerate(structures):
        late = late_of(pricing, structure)
        if late is not None and late.weights:
            unit = late.room if pricing.instance.quantile is None else 1.0
            allowed[n], weight[n] = late.room / unit, np.asarray(late.weights) / unit
    return LinearCost(allowed, weight)


def levels_left(pricing: Pricing, found: BoundedStructures, n: int, best: float) -> list[tuple[int, int]]:
    """Pairs (stage, level) that a deployment of structure n cheaper than `best` can use.

    Parameters
    ----------
    pricing
        What blocks cost.
    found
        Bounds, from `bounded`.
    n
        Position of the structure in `found`.
    best
        USD per second.

    Returns
    -------
    list
        Stages from 1 on; levels as `Data` numbers them.
    """
    view = LinearCost(found.view.fixed[n : n + 1], found.view.weight[n : n + 1])
    whole = np.array([pricing.data.last])
    forced = forced_levels(pricing.exits, pricing.instance.accuracy_min, view, found.multiplier[n : n + 1], whole)
    return [key for key, bound in forced.items() if not bound[0] * (1 - EQUAL) > best]
