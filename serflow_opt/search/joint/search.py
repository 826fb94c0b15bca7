"""The best placement and thresholds on the samples: best first over placements, thresholds proven by diagrams.

Every set of thresholds that is met is tried with all placements at once. A placement's bound comes from the cuts that
all share (`region.py`). Where it is below the best plan, the multipliers say which weights to prove next; the diagram
(`diagram.py`) for them gives a better plan or a cut. Numbers of machines are split where they must be whole; where a
limit leaves a gap that no multiplier closes, the diagram is run with the limit itself.
"""

from __future__ import annotations

import heapq
import itertools
import math
from dataclasses import dataclass, field

import numpy as np

from serflow_opt.ground.arrays import Floats, Ints
from serflow_opt.ground.deadline import Deadline
from serflow_opt.ground.tolerances import EQUAL, INTEGRAL, SAME_DIRECTION, SMALLEST, TOLERANCE
from serflow_opt.search.joint import proving
from serflow_opt.search.joint.box_programs import Box, RegionMultipliers
from serflow_opt.search.joint.choices import PlacementChoices
from serflow_opt.search.joint.descent import descend, polish, starts
from serflow_opt.search.joint.diagram import DiagramOutcome
from serflow_opt.search.joint.grid import BEYOND, Aim, Grid
from serflow_opt.search.joint.potentials import Priced
from serflow_opt.search.joint.region import Bound, Region, inner

ROUNDS = 4
"""Cuts for one box before its machines are split."""
PENALTY = 100.0
"""Price of breaking a limit where all thresholds known do, in ranges of the objective."""
POLISHED_ENDS = 3
"""Ends of descents that are polished at the start."""


@dataclass(slots=True)
class ThresholdPool:
    """Sets of thresholds that keep the floor: levels, counts; and the cuts found with them. Shared by objectives."""

    grid: Grid
    need: int
    region: Region
    levels: list[Ints] = field(default_factory=list)
    reach: list[Floats] = field(default_factory=list)
    trained: dict[int, Priced] = field(default_factory=dict)
    nodes: int = 0
    impossible: bool = False
    _table: tuple[int, Floats] | None = None

    @classmethod
    def of(cls, grid: Grid, need: int) -> ThresholdPool:
        """Return an empty pool."""
        return cls(grid, need, Region(grid.exits))

    def add(self, levels: Ints) -> Floats | None:
        """Take thresholds in where they keep the floor, and return their reach."""
        counts, right = self.grid.follow(levels[None, :])
        if right[0] < self.need:
            return None
        reach: Floats = counts[0] / self.grid.samples
        if not any((known == levels).all() for known in self.levels):
            self.levels.append(levels)
            self.reach.append(reach)
        return reach

    @property
    def distinct(self) -> Floats:
        """What reach there is, each once."""
        if self._table is None or self._table[0] != len(self.reach):
            self._table = len(self.reach), np.unique(self.reach, axis=0)
        return self._table[1]

    def aim(self, weight: Floats) -> Aim:
        """Return the aim of a direction without limits."""
        return Aim(weight, self.need, np.empty((0, len(weight))), np.empty(0))


@dataclass(slots=True)
class JointOutcome:
    """The best plan: placement, position in the pool, value; the bound, and whether there is proven to be none."""

    row: int | None = None
    levels: Ints | None = None
    reach: Floats | None = None
    value: float = math.inf
    bound: float = -math.inf
    infeasible: bool = False
    diagrams: int = 0
    """Diagrams run."""


@dataclass(slots=True, eq=False)
class _Open:
    """A box to be worked off: rounds of cuts tried for it, its last bound, and cuts known at the last look."""

    box: Box
    rounds: int = 0
    bound: Bound | None = None
    cuts: int = -1


def find(pool: ThresholdPool, choices: PlacementChoices, gap: float, deadline: Deadline) -> JointOutcome:
    """Find the best plan of these placements.

    Parameters
    ----------
    pool
        Thresholds and cuts known; more are added.
    gap
        Relative distance of plan and bound at which to stop.
    deadline
        When to stop.
    """
    best = JointOutcome()
    if not len(choices):
        best.infeasible, best.bound = True, math.inf
        return best
    for reach, levels in zip(pool.reach, pool.levels, strict=True):
        _try(best, choices, reach, levels)
    _begin(pool, choices, best, deadline)
    if pool.impossible:
        best.infeasible, best.bound = True, math.inf
        return best
    _prove(pool, choices, best, gap, deadline)
    return best


def _try(best: JointOutcome, choices: PlacementChoices, reach: Floats, levels: Ints) -> None:
    """Try thresholds with every placement."""
    values = choices.values(reach)
    row = int(values.argmin())
    if values[row] < best.value - EQUAL * abs(best.value if math.isfinite(best.value) else 0.0):
        best.row, best.levels, best.reach, best.value = row, levels, reach, float(values[row])


def _offer(pool: ThresholdPool, choices: PlacementChoices, best: JointOutcome, levels: Ints) -> None:
    reach = pool.add(levels)
    if reach is not None:
        _try(best, choices, reach, levels)


def _scaled(direction: Floats) -> tuple[Floats, float]:
    size = float(np.abs(direction).max())
    return (direction / size, size) if size > 0 else (direction, 1.0)


def _begin(pool: ThresholdPool, choices: PlacementChoices, best: JointOutcome, deadline: Deadline) -> None:
    """Find plans to start from; see whether the floor can be kept at all."""
    grid = pool.grid
    if best.row is not None:  # known from another objective
        return
    if not pool.levels:
        even = pool.aim(np.ones(grid.exits))
        accurate = descend(grid, np.zeros(grid.exits), 1.0, np.array(grid.levels, dtype=np.int64) - 1)
        for levels in [*starts(grid, even, deadline), polish(grid, pool.aim(even.weight), accurate, deadline)]:
            _offer(pool, choices, best, levels)
    if not pool.levels:
        answer = _least(pool, choices, best, pool.aim(np.ones(grid.exits)), math.inf, None, deadline)
        if answer.levels is None:
            pool.impossible = answer.complete
            return
    towards: list[Floats] = []
    for _ in range(3):
        before = best.value
        row = best.row if best.row is not None else int((choices.fixed + choices.weight.sum(axis=1)).argmin())
        direction, _ = _scaled(choices.weight[row] + choices.rent[row] @ choices.load[row])
        if any(np.abs(known - direction).max() <= SAME_DIRECTION for known in towards):
            break
        towards.append(direction)
        aim = pool.aim(direction)
        ends = starts(grid, aim, deadline)
        counts, right = grid.follow(ends)
        order = np.argsort(np.where(right >= pool.need, aim.value(counts), math.inf))[:POLISHED_ENDS]
        for levels in ends:
            _offer(pool, choices, best, levels)
        for n in order:
            _offer(pool, choices, best, polish(grid, aim, ends[n], deadline))
        if best.row is not None and best.reach is not None and best.levels is not None:
            limited = _aim(pool, choices, best.row, choices.machines(best.reach, slice(best.row, best.row + 1))[0])
            _offer(pool, choices, best, polish(grid, limited, best.levels, deadline))
        if best.value >= before or deadline.expired:
            break


def _aim(pool: ThresholdPool, choices: PlacementChoices, row: int, count: Floats) -> Aim:
    """Return the aim of a placement with its machines and limits."""
    grid = pool.grid
    limited = np.isfinite(choices.most[row])
    use = np.vstack([choices.load[row], choices.use[row][limited]])
    most = np.concatenate(
        [count * (1 + TOLERANCE) / (1 - TOLERANCE), choices.most[row][limited] - choices.use_rent[row][limited] @ count]
    )
    size = np.maximum(use.max(axis=1, initial=0.0), SMALLEST)
    weight, _ = _scaled(choices.weight[row])
    return Aim(weight, pool.need, use / size[:, None], most / size * grid.samples)


def _prove(pool: ThresholdPool, choices: PlacementChoices, best: JointOutcome, gap: float, deadline: Deadline) -> None:
    """Work the boxes off, least bound first, until the bound meets the best plan."""
    everyone, nobody = np.ones(pool.grid.exits), np.eye(pool.grid.exits)[0]
    least = choices.machines(nobody)
    largest = choices.machines(everyone)
    # weights of survey 2.2.3 (1) may be negative: the least is where R is 1 up to some segment and 0 behind it
    keys = choices.fixed + np.cumsum(choices.weight, axis=1).min(axis=1) + (choices.rent * least).sum(axis=1)
    spent = choices.use @ nobody + np.einsum("pij,pj->pi", choices.use_rent, least)
    keys[(spent > choices.most).any(axis=1)] = math.inf
    ticket = itertools.count()
    heap: list[tuple[float, int, _Open]] = [
        (float(keys[row]), next(ticket), _Open(Box(row, tuple(map(int, least[row])), tuple(map(int, largest[row])))))
        for row in np.flatnonzero(np.isfinite(keys)).tolist()
    ]
    heapq.heapify(heap)

    def target() -> float:
        return best.value - max(gap / 2, EQUAL) * abs(best.value) if math.isfinite(best.value) else math.inf

    lost: list[tuple[float, Box]] = []
    """Boxes that time did not suffice for, and their bounds."""
    while heap:
        key, _, here = heapq.heappop(heap)
        box = here.box
        if key >= target() or deadline.expired:
            lost.append((key, box))
            break
        if here.cuts < len(pool.region.direction):
            key, here.cuts = max(key, pool.region.quick(choices, box)), len(pool.region.direction)
        if key >= target():
            continue
        if heap and key > heap[0][0] + EQUAL * abs(key):
            heapq.heappush(heap, (key, next(ticket), here))
            continue
        here.bound = bound = pool.region.bound(choices, box, here.bound)
        key = max(key, bound.value)
        if key >= target():
            continue
        if heap and key > heap[0][0] + EQUAL * abs(key):
            heapq.heappush(heap, (key, next(ticket), here))
            continue
        proven, prices = _cut(pool, choices, best, box, target(), deadline)
        if proven and here.rounds < ROUNDS:
            here.rounds += 1
            heapq.heappush(heap, (key, next(ticket), here))
            continue
        parts = _split(box, bound)
        if parts:
            for part in parts:
                heapq.heappush(heap, (key, next(ticket), _Open(part)))
        elif not _exactly(pool, choices, best, box, prices, target(), deadline):
            lost.append((key, box))
    lost += [(key, here.box) for key, _, here in heap]
    # cuts may have come in since these bounds were taken
    left = min((max(key, pool.region.quick(choices, box)) for key, box in lost), default=math.inf)
    best.bound = min(left, target()) if math.isfinite(best.value) else left
    best.infeasible = best.row is None and math.isinf(left)


def _cut(
    pool: ThresholdPool, choices: PlacementChoices, best: JointOutcome, box: Box, target: float, deadline: Deadline
) -> tuple[bool, RegionMultipliers]:
    """Prove the direction that is to rule a box out; say whether more is known then, and the multipliers met.

    The direction is the one that would, were there no other thresholds than those in the pool. Where even that does not
    rule the box out, no direction can.
    """
    row = box.row
    high = np.array(box.high, dtype=float)
    range_ = float(np.abs(choices.weight[row]).sum() + choices.rent[row] @ high) or abs(choices.fixed[row]) or 1.0
    target = min(target, choices.fixed[row] + 2 * range_)  # no plan of the box has more
    prices = inner(choices, box, pool.distinct, PENALTY * range_)
    direction = choices.weight[row] + prices.load @ choices.load[row] + prices.use @ choices.use[row]
    direction, size = _scaled(direction)
    worth = choices.rent[row] - prices.load + prices.use @ choices.use_rent[row]
    machines = float(np.minimum(worth * np.array(box.low), worth * high).sum())
    limits = np.where(np.isfinite(choices.most[row]), choices.most[row], 0.0)
    wanted = (target - choices.fixed[row] - machines + float(prices.use @ limits)) / size
    known = float((pool.distinct @ direction).min())
    if known <= wanted or not direction[1:].any():
        return False, prices
    if any(np.abs(cut - direction).max() <= SAME_DIRECTION for cut in pool.region.direction):
        return False, prices
    cutoff = min(wanted + BEYOND * (known - wanted), known - EQUAL * abs(known))
    count = pool.grid.samples
    before = len(pool.levels)
    aim = pool.aim(direction)
    answer = _least(pool, choices, best, aim, cutoff * count, None, deadline, wanted * count)
    if math.isfinite(answer.bound):
        pool.region.add(direction, answer.bound / count)
    return answer.complete or len(pool.levels) > before, prices


def _split(box: Box, bound: Bound) -> list[Box]:
    """Split the widest range of machines near where the linear programme has them; nothing where all are fixed."""
    widths = np.array(box.high) - np.array(box.low)
    if not len(widths) or widths.max() == 0:
        return []
    distance = np.abs(bound.count - np.round(bound.count)) + INTEGRAL
    j = int(np.where(widths > 0, distance, -1.0).argmax())
    at = min(max(math.floor(bound.count[j] + TOLERANCE), box.low[j]), box.high[j] - 1)

    def with_range(low: int, high: int) -> Box:
        return Box(box.row, (*box.low[:j], low, *box.low[j + 1 :]), (*box.high[:j], high, *box.high[j + 1 :]))

    return [with_range(box.low[j], at), with_range(at + 1, box.high[j])]


def _exactly(
    pool: ThresholdPool,
    choices: PlacementChoices,
    best: JointOutcome,
    box: Box,
    prices: RegionMultipliers,
    target: float,
    deadline: Deadline,
) -> bool:
    """Search a placement with fixed machines to the end, limits and all; say whether that was done."""
    row, count = box.row, np.array(box.low, dtype=float)
    aim = _aim(pool, choices, row, count)
    _, size = _scaled(choices.weight[row])
    left = target - choices.fixed[row] - float(choices.rent[row] @ count)
    if left <= 0 and (choices.weight[row] >= 0).all():
        return True
    limited = np.isfinite(choices.most[row])
    use = np.vstack([choices.load[row], choices.use[row][limited]])
    worth = np.concatenate([prices.load, prices.use[limited]]) * use.max(axis=1, initial=0.0) / size
    return _least(pool, choices, best, aim, left / size * pool.grid.samples, worth, deadline).complete


def _least(
    pool: ThresholdPool,
    choices: PlacementChoices,
    best: JointOutcome,
    aim: Aim,
    cutoff: float,
    worth: Floats | None,
    deadline: Deadline,
    enough: float = -math.inf,
) -> DiagramOutcome:
    """Find and prove the least of an aim below a cutoff; try what is met on the way with all placements."""
    near = pool.levels[int(np.argmin(np.array(pool.reach) @ aim.weight))] if pool.levels else None
    answer, met = proving.least(pool.grid, aim, cutoff, worth, deadline, pool.trained, near, enough)
    best.diagrams += answer.diagrams
    pool.nodes += answer.nodes
    for levels in met:
        _offer(pool, choices, best, levels)
    return answer
