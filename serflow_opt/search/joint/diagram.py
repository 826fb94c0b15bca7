"""The best thresholds for one set of weights, proven: a decision diagram over the exits in order.

A node of layer k is what is left after thresholds for exits 0..k-1: the set of samples inside (as bits), what has been
spent and how many answers are right so far. Its children take one threshold of exit k each; all of a block of nodes
are valued by one product with a sparse matrix, which sums the samples inside by the thresholds they pass. A child goes

* when lowering its threshold costs none of the samples inside a right answer (`grid.py`);
* when a bound on what the samples inside still add (`potentials.py`) takes it to the cutoff, or beyond a limit;
* when another child has the same set inside, spent no more and has as many right (easy samples are easy for every
  exit, so different thresholds often leave the same set: on 12-exit BERT nine children of ten merge or go).

Blocks are worked off deepest first, best bound first, so memory stays bounded and good plans come early.

Instead of single levels a child may take a cell of neighbours (`cells.py`): at the least of them most samples leave,
at the highest of them fewest leave wrong, and both at once is better than any level between. What diagrams of cells
find is a bound on all levels.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from serflow_opt.ground.arrays import Floats, Ints, Mask
from serflow_opt.ground.deadline import NEVER, Deadline
from serflow_opt.search.joint.cells import Cells
from serflow_opt.search.joint.grid import Aim, Grid, at_least, by_rank, lowered, total
from serflow_opt.search.joint.potentials import AGAIN, STEPS, Priced, best_price, free

Bits = NDArray[np.uint8]

HELD = 48_000_000
"""Numbers of a block's samples x nodes, or nodes x children, held at once."""
FEW = 200
"""Nodes for which sharper bounds are not worth their training."""


@dataclass(frozen=True, slots=True)
class DiagramOutcome:
    """The best thresholds below the cutoff.

    Attributes
    ----------
    value, levels
        Their value and levels (K-1 positions in the menus); infinity and None: none were found.
    bound
        Proven: no thresholds have less. The cutoff, or the value found, where the search was completed.
    complete
        Whether the search was, so that nothing is better than `value` and below the cutoff.
    nodes, diagrams
        Children valued, and diagrams run.
    """

    value: float
    levels: Ints | None
    bound: float
    complete: bool
    nodes: int
    diagrams: int = 1


@dataclass(frozen=True, slots=True)
class _View:
    """A bound: mix · spent + price (need - right) + Σ potential over the samples inside must stay below a limit.

    Infinite stands for the cutoff, which falls as plans are found, and what the mix adds for limits that are used up.
    """

    mix: Floats
    price: float
    limit: float
    potential: Floats

    @classmethod
    def of(cls, grid: Grid, aim: Aim, mix: Floats, price: float, limit: float) -> _View:
        return cls(mix, price, limit, free(grid, mix @ np.vstack([aim.weight, aim.use]), price))


@dataclass(slots=True)
class _NodeBlock:
    """Nodes of a layer: samples inside, spent on weight and side uses (n x 1+J), right answers, levels, bounds."""

    bits: Bits
    spent: Floats
    right: Floats
    levels: NDArray[np.uint16]
    bound: Floats

    def __len__(self) -> int:
        return len(self.right)

    def take(self, rows: Ints | Mask) -> _NodeBlock:
        return _NodeBlock(self.bits[rows], self.spent[rows], self.right[rows], self.levels[rows], self.bound[rows])


@dataclass(slots=True)
class _DiagramSearch:
    grid: Grid
    aim: Aim
    cutoff: float
    deadline: Deadline
    main: _View
    """The view that is sharpened."""
    views: list[_View]
    cells: Cells
    most: float
    """Children valued at most."""
    trained: dict[int, Priced] = field(default_factory=dict)
    enough: float = -np.inf
    best: float = np.inf
    levels: Ints | None = None
    nodes: int = 0
    bound: float = -np.inf

    def stopped(self) -> bool:
        return self.nodes > self.most or self.deadline.expired

    def run(self) -> bool:
        """Search; say whether to the end."""
        grid = self.grid
        stack = [self._root()]
        while stack:
            if self.best <= self.enough:
                return False
            block = stack.pop()
            block = block.take(block.bound < self.cutoff)
            if not len(block):
                continue
            if block.levels.shape[1] == grid.exits - 1:
                self._finish(block)
                continue
            children = self._children(block)
            if children is None:
                left = [part.bound.min(initial=np.inf) for part in [block, *stack]]
                self.bound = min(self.cutoff, *left)
                return False
            if not len(children):
                continue
            most = max(1, HELD // grid.samples)
            order = np.argsort(children.bound, kind="stable")
            parts = [order[first : first + most] for first in range(0, len(order), most)]
            stack.extend(children.take(np.sort(part)) for part in reversed(parts))
        self.bound = self.cutoff if self.levels is None else min(self.cutoff, self.best)
        return True

    def _root(self) -> _NodeBlock:
        grid, aim = self.grid, self.aim
        everybody = np.packbits(np.ones((1, grid.samples), dtype=bool), axis=1)
        everybody = np.pad(everybody, ((0, 0), (0, -everybody.shape[1] % 8)))  # whole words, for `_hash`
        spent = grid.samples * np.concatenate([aim.weight[:1], aim.use[:, 0]])
        bound = max(
            float(spent @ view.mix + view.price * aim.need + view.potential[0].sum()) - self._allowance(view)
            for view in self.views
            if np.isinf(view.limit)
        )
        return _NodeBlock(everybody, spent[None, :], np.zeros(1), np.zeros((1, 0), dtype=np.uint16), np.array([bound]))

    def _inside(self, bits: Bits) -> Floats:
        """Return the samples inside as numbers, N x B."""
        return np.unpackbits(bits, axis=1, count=self.grid.samples).T.astype(float, order="C")

    def _children(self, block: _NodeBlock) -> _NodeBlock | None:
        """Return the children of nodes that may still win; None when time is up."""
        grid, aim, k = self.grid, self.aim, block.levels.shape[1]
        low, high = self.cells.ranks(grid, k)
        count = len(self.cells.low[k])
        weights = np.vstack([aim.weight, aim.use])[:, k + 1]
        after = np.array([view.potential[k + 1] for view in self.views])
        marks = grid.marks[:, k].astype(float)
        columns = [np.ones(grid.samples), grid.right[:, k], *after]
        leaving, marked = by_rank(low, count, columns), by_rank(high, count, [marks])
        spared = None if self.cells.single(k) else by_rank(low, count, [marks])
        some = max(1, HELD // 8 // grid.samples)  # before it is packed, the table is eight times as large
        away = np.concatenate(
            [
                np.packbits(low[None, :] <= np.arange(begin, min(begin + some, count))[:, None], axis=1)
                for begin in range(0, count, some)
            ]
        )
        away = np.pad(away, ((0, 0), (0, block.bits.shape[1] - away.shape[1])))
        grown: list[_NodeBlock] = []
        at_once = max(1, HELD // 8 // max(grid.samples, len(columns) * count))
        for first in range(0, len(block), at_once):
            if self.stopped():
                return None
            part = slice(first, first + at_once)
            inside = self._inside(block.bits[part])
            sums = at_least(leaving @ inside, count)
            later, gone = sums[2:, 0], sums[:, 1:]
            wrong = at_least(marked @ inside, count)[0, 1:]
            staying = sums[0, 0] - gone[0]
            right = block.right[part] + gone[1]
            if spared is not None:  # those between the ends of a cell leave, and count as right as if they had stayed
                right += at_least(spared @ inside, count)[0, 1:] - wrong
            spent = block.spent[part].T[:, None, :] + staying * weights[:, None, None]
            alive = np.ones(staying.shape, dtype=bool)
            alive[1:] = wrong[1:] != wrong[:-1]  # else the level before is as good
            bound = np.full(staying.shape, -np.inf)
            for v, view in enumerate(self.views):
                paid = sum(part * mix for part, mix in zip(spent, view.mix, strict=True))
                reached = paid + view.price * (aim.need - right) + later[v] - gone[2 + v]
                if np.isinf(view.limit):
                    np.maximum(bound, reached - self._allowance(view), out=bound)
                else:
                    alive &= reached <= view.limit
            np.maximum(bound, block.bound[part], out=bound)  # a child is in no case better than its node
            alive &= bound < self.cutoff
            self.nodes += alive.size
            rows, level = np.nonzero(alive.T)
            if len(rows):
                levels = np.column_stack([block.levels[part][rows], level.astype(np.uint16)])
                bits = block.bits[part][rows] & away[level]
                grown.append(_NodeBlock(bits, spent[:, level, rows].T, right[level, rows], levels, bound[level, rows]))
        if not grown:
            return block.take(np.empty(0, dtype=np.int64))
        children = _NodeBlock(
            np.concatenate([g.bits for g in grown]),
            np.concatenate([g.spent for g in grown]),
            np.concatenate([g.right for g in grown]),
            np.concatenate([g.levels for g in grown]),
            np.concatenate([g.bound for g in grown]),
        )
        children = children.take(undominated(children.bits, children.spent, children.right))
        if k + 1 < grid.exits - 1 and len(children) > FEW:
            children = self._sharpen(children, k + 1)
        return children

    def _allowance(self, view: _View) -> float:
        """What a mix adds where all side limits are used up."""
        return float(view.mix[1:] @ self.aim.most) if len(self.aim.most) else 0.0

    def _sharpen(self, block: _NodeBlock, k: int) -> _NodeBlock:
        """Drop nodes by bounds with prices trained on nodes like them, part by part."""
        view, aim, grid = self.main, self.aim, self.grid
        weight = view.mix @ np.vstack([aim.weight, aim.use])
        most = self.cutoff + self._allowance(view) if np.isinf(view.limit) else view.limit
        kept: list[Ints] = []
        at_once = max(FEW, HELD // 4 // grid.samples)
        for first in range(0, len(block), at_once):
            if self.stopped():
                kept.append(np.arange(first, len(block)))
                break
            rows = np.arange(first, min(first + at_once, len(block)))
            inside = self._inside(block.bits[rows])
            for _ in range(2):  # prices trained on those that are left fit them better
                if len(rows) <= FEW or self.stopped():
                    break
                known = self.trained.get(k)
                prices = Priced.none(grid, k, view.price) if known is None else known
                need = aim.need - float(block.right[rows].mean())
                steps = STEPS if known is None else AGAIN
                prices = self.trained[k] = prices.train(grid, weight, inside.mean(axis=1), need, steps)
                spent = block.spent[rows] @ view.mix + prices.price * (aim.need - block.right[rows])
                bound = spent + prices.bound(grid, weight, inside)
                if np.isinf(view.limit):
                    reached = bound - self._allowance(view)
                    block.bound[rows] = np.maximum(block.bound[rows], reached)
                alive = bound < most if np.isinf(view.limit) else bound <= most
                rows, inside = rows[alive], np.ascontiguousarray(inside[:, alive])
            kept.append(rows)
        return block.take(np.concatenate(kept))

    def _finish(self, block: _NodeBlock) -> None:
        """Value nodes without exits to choose at, exactly."""
        right = block.right + total(self.grid.right[:, -1], self._inside(block.bits))
        holds = (right >= self.aim.need) & (block.spent[:, 1:] <= self.aim.most).all(axis=1)
        if not holds.any():
            return
        row = int(np.where(holds, block.spent[:, 0], np.inf).argmin())
        value = float(block.spent[row, 0])
        if value < self.cutoff:
            self.best, self.levels = value, block.levels[row].astype(np.int64)
            self.cutoff = min(self.cutoff, lowered(value, self.enough))


def best_below(
    grid: Grid,
    aim: Aim,
    cutoff: float,
    price: Floats | None = None,
    deadline: Deadline = NEVER,
    trained: dict[int, Priced] | None = None,
    cells: Cells | None = None,
    most: float = np.inf,
    enough: float = -np.inf,
) -> DiagramOutcome:
    """Find the best thresholds with a value below the cutoff.

    Parameters
    ----------
    grid, aim
        Samples and what is wanted.
    cutoff
        Values from here on do not matter; infinity: all do.
    price
        What a unit of each side limit may be worth, where that is known: it sharpens bounds.
    deadline
        When to stop.
    trained
        Prices by exit to start from, of similar aims of the same size; they are replaced by better ones.
    cells
        Ranges of levels to choose from, so that the value is a bound on all levels; None: single levels.
    most
        Children to value at most.
    enough
        A bound that would do: the search ends where thresholds refute it, and asks for little more where they do not.
    """
    sides = len(aim.most)
    pure = np.zeros(1 + sides)
    pure[0] = 1.0
    mixes = [pure]
    if price is not None and (price > 0).any():
        mixes.append(np.concatenate([[1.0], price]))
    views: list[_View] = []
    for mix in mixes:
        blend = Aim(mix @ np.vstack([aim.weight, aim.use]), aim.need, aim.use[:0], aim.most[:0])
        steep = best_price(grid, blend) if aim.need > 0 and blend.weight[1:].any() else 0.0
        parts = [1.0, 2.0, 4.0, 8.0, 16.0] if steep > 0 else [0.0]  # nodes that owe more need steeper prices
        views += [_View.of(grid, aim, mix, steep * part, np.inf) for part in parts]
    main = views[-3] if len(views) >= 5 else views[-1]  # the middle price of the last mix
    if aim.need > 0:
        views.append(_View.of(grid, aim, 0 * pure, 1.0, 0.5))  # right answers alone: can there be enough?
    for j in range(sides):
        mix = np.zeros(1 + sides)
        mix[1 + j] = 1.0
        blend = Aim(aim.use[j], aim.need, aim.use[:0], aim.most[:0])
        steep = best_price(grid, blend) if aim.need > 0 and blend.weight[1:].any() else 0.0
        parts = [0.0, 1.0, 4.0] if steep > 0 else [0.0]
        limit = float(aim.most[j])
        views += [_View.of(grid, aim, mix, steep * part, limit) for part in parts]
    if not aim.weight[1:].any():
        main = next((view for view in reversed(views) if view.price > 0), main)
    search = _DiagramSearch(
        grid,
        aim,
        cutoff,
        deadline,
        main,
        views,
        Cells.each(grid) if cells is None else cells,
        most,
        {} if trained is None else trained,
        enough,
    )
    complete = search.run()
    return DiagramOutcome(search.best, search.levels, search.bound, complete, search.nodes)


def undominated(bits: Bits, spent: Floats, right: Floats) -> Ints:
    """Return the rows that no other row with the same bits beats or equals: spent no more and as many right.

    Parameters
    ----------
    bits
        n x bytes, the samples inside; a row is a whole number of 8 bytes long.
    spent, right
        n x (1 + J), on weight and side uses, and n.

    Returns
    -------
    Ints
        Rising. With side uses a few that are beaten stay: each row is held against three others.
    """
    key = _hash(bits)
    order = np.lexsort((-right, spent[:, 0], key))
    begins = np.concatenate([[True], key[order][1:] != key[order][:-1]])
    if spent.shape[1] == 1:
        group = np.cumsum(begins) - 1
        height = right[order] + group * (right.max() - right.min() + 1.0)
        highest = np.concatenate([[-np.inf], np.maximum.accumulate(height)[:-1]])
        beaten = ~begins & (height <= highest)
        leader = order[np.flatnonzero(begins)[group]]
    else:
        start = np.flatnonzero(begins)[np.cumsum(begins) - 1]
        beaten, leader = np.zeros(len(order), dtype=bool), order[start]
        for rank in range(3):  # against all others it would be quadratic, and the cheapest beat most
            place = np.minimum(start + rank, len(order) - 1)
            other = order[place]
            before = (place < np.arange(len(order))) & (key[other] == key[order])
            beats = (spent[other] <= spent[order]).all(axis=1) & (right[other] >= right[order])
            beaten |= before & beats
    shared = np.flatnonzero(~begins)
    if (bits[order[shared]] != bits[leader[shared]]).any():  # different sets with the same hash: too rare to sort out
        return np.arange(len(order))
    return np.sort(order[~beaten])


def _hash(bits: Bits) -> NDArray[np.uint64]:
    words = np.ascontiguousarray(bits).view(np.uint64)
    drawn = np.random.default_rng(1).integers(1, 2**63, size=words.shape[1], dtype=np.uint64)
    mixers = np.asarray(drawn | np.uint64(1))
    mixed = words * mixers
    mixed ^= mixed >> np.uint64(29)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(32)
    return np.asarray((mixed * mixers[::-1]).sum(axis=1), dtype=np.uint64)
