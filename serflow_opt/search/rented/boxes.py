"""Boxes of numbers of machines: of one type a tier at most, and weights of the columns that bound all plans there.

In a box machines are at hand, and what they may be busy is a limit like others, with a weight. So one sweep bounds all
placements on these types at once, closely where the weights come from the best mix of one of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from serflow_opt.ground.arrays import Floats, Ints, Mask
from serflow_opt.search.rented.columns import ANY_NUMBER, Columns

BEYOND = 1e6
"""Weight of what a plan cannot have, in units of the objective."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What machines there are.

    Attributes
    ----------
    on
        E: which runners.
    rents
        P, of a machine of the type of each tier, at the chain's rate; 0 where there are several types yet, or none.
    least, most
        P, of the numbers of machines. With none of a tier, its runners may have what keeps no machine busy.
    """

    on: Mask
    rents: Floats
    least: Floats
    most: Floats

    @classmethod
    def everything(cls, columns: Columns) -> Offer:
        """Return the offer of all types of all tiers."""
        kinds = len(columns.machines)
        every = np.ones(len(columns.option), dtype=bool)
        return cls(every, np.zeros(kinds), np.zeros(kinds), np.full(kinds, ANY_NUMBER))

    def same(self, other: Offer) -> bool:
        """Whether another one is of the same machines."""
        return bool(
            (self.on == other.on).all() and (self.least == other.least).all() and (self.most == other.most).all()
        )

    def parts(self, columns: Columns, place: int) -> list[Offer]:
        """Return offers with no machine of a tier, and with one or more of each of its types.

        Parameters
        ----------
        columns
            Of the chain.
        place
            Of the tier among those rented.
        """
        mine = columns.tier == columns.chain.rented[place]
        none = self.most.copy()
        none[place] = 0.0
        found = [replace(self, most=none)]
        for p in np.unique(columns.option[mine & columns.chain.on.any(axis=0)]).tolist():
            rents, least, most = self.rents.copy(), self.least.copy(), self.most.copy()
            rents[place], least[place], most[place] = columns.rent[p], 1.0, columns.most[p]
            if most[place] >= 1:
                found.append(Offer(self.on & ~(mine & (columns.option != p)), rents, least, most))
        return found


@dataclass(frozen=True, slots=True)
class Box:
    """Numbers of machines of an offer.

    Attributes
    ----------
    least, most, full
        P, as the kernels take them (`kernels/nodes.py`).
    weights
        K, of the kernels' columns.
    settled
        Placements whose best plan in the box is known, by key.
    """

    offer: Offer
    least: Floats
    most: Floats
    full: Ints
    weights: Floats
    settled: frozenset[bytes] = frozenset()

    @classmethod
    def all_of(cls, offer: Offer, weights: Floats) -> Box:
        """Return the box of any numbers."""
        return cls(offer, offer.least, offer.most, np.zeros(len(offer.most), np.int64), weights)

    def parted(self, found: tuple[Floats, Floats, Ints, Floats], settled: frozenset[bytes]) -> list[Box]:
        """Return the boxes that the nodes of a placement came to (`Nodes.boxes`)."""
        rows = zip(*found, strict=True)
        return [Box(self.offer, least, most, full, weights, settled) for least, most, full, weights in rows]


class Lanes:
    """Boxes side by side.

    Attributes
    ----------
    weights
        N x K, as far as limits go: none of a column without a limit, beyond anything of machines of which there are
        none.
    multipliers
        N x C, of the chain's columns.
    added
        N, what is added to the least V in each box to bound all plans there, in units of the chain's objective.
    on
        N x M x E.
    """

    def __init__(self, boxes: Sequence[Box], columns: Columns) -> None:
        kinds = len(columns.machines)
        most = np.array([box.most for box in boxes])
        weights = np.array([box.weights for box in boxes])
        weights[:, 1 + kinds :][:, ~np.isfinite(columns.limits[1 + kinds :])] = 0.0
        weights[:, 1 : 1 + kinds][most == 0] = BEYOND
        rents, least = (np.array(part) for part in zip(*((b.offer.rents, b.least) for b in boxes), strict=True))
        self.weights, self.multipliers = weights, columns.multipliers(weights, rents)
        self.added: Floats = columns.offsets(weights, rents, least, most) * columns.unit
        self.on: Mask = columns.chain.on & np.array([box.offer.on for box in boxes])[:, None, :]
