"""Placements as the kernels take them: columns of each stage, rents and numbers of machines, menus; all scaled to 1."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.ground.arrays import Floats, Ints
from serflow_opt.ground.tolerances import INTEGRAL, ROUNDING, WHOLE_MACHINE
from serflow_opt.problem.kinds import ThresholdMode
from serflow_opt.search.layered import Chain
from serflow_opt.search.placed import Placed, menus_used
from serflow_opt.search.placements import NOWHERE

if TYPE_CHECKING:
    from serflow_opt.kernels.parts import Parts

ANY_NUMBER = 1e300
"""Most machines, where there are any number."""
MIXING: dict[ThresholdMode, int] = {"menu": 0, "interpolated": 1, "randomized": 2}
"""Which thresholds of a stage a plan may mix, as `kernels/nodes.py` counts."""


@dataclass(frozen=True, slots=True)
class Menus:
    """The menus of a chain one after the other, each by rising share of those who go on.

    Attributes
    ----------
    first, size
        M x menus: where the levels of each begin, and how many there are.
    level
        Position of each level in its menu.
    stay, mass
        1 - exit rate and accuracy mass of each level.
    """

    first: Ints
    size: Ints
    level: Ints
    stay: Floats
    mass: Floats

    @classmethod
    def of(cls, chain: Chain) -> Menus:
        """Put the menus of a chain in a row."""
        widest = max(len(menus) for menus in chain.menus)
        first, size = np.zeros((len(chain.menus), widest), np.int64), np.zeros((len(chain.menus), widest), np.int64)
        levels, stays, masses, count = [], [], [], 0
        for s, menus in enumerate(chain.menus):
            for m, menu in enumerate(menus):
                order = np.argsort(-menu.rate, kind="stable")
                first[s, m], size[s, m] = count, len(order)
                count += len(order)
                levels.append(order)
                stays.append(1 - menu.rate[order])
                masses.append(menu.mass[order])
        return cls(first, size, np.concatenate(levels), np.concatenate(stays), np.concatenate(masses))


def _offers(chain: Chain) -> tuple[Floats, Floats, Ints]:
    """Return rents, at the chain's rate, and the most machines of each option; the tier of each runner."""
    instance = chain.data.instance
    limits = [instance.machines_max(option) for option in instance.options]
    most = np.array([ANY_NUMBER if limit is None else limit for limit in limits], float)
    return chain.rents, most, np.array(chain.data.tier)


class Columns:
    """Of a chain: how its columns are ordered and scaled for the kernels."""

    def __init__(self, chain: Chain) -> None:
        self.chain, self.menus = chain, chain.known("menus", Menus.of)
        last, kinds = len(chain.columns) - 1, len(chain.rented)
        self.machines = list(range(last - kinds, last))
        self.order = [0, *self.machines, *range(1, last - kinds), last]
        names = [chain.columns[column] for column in self.order]
        self.limited_money = names.index("cost", 1) if kinds and "cost" in names[1:] else 0
        self.rent, self.most, self.tier = chain.known("offers", _offers)
        self.option = chain.option
        self.paid = [(0, chain.paid), *([(self.limited_money, 1.0)] if self.limited_money else [])]
        self.mixing = MIXING[chain.data.instance.threshold_mode]
        self.faster = (chain.data.instance.rate_per_s or 1.0) / chain.rate
        size = np.abs(chain.adds[chain.on]).mean(axis=0) * len(chain.on) if chain.on.any() else np.ones(last + 1)
        size[-1] = 1.0
        self.scale = np.where(size > 0, size, 1.0)[self.order]

    @property
    def unit(self) -> float:
        """What 1 of the first column is in units of the chain's objective."""
        return float(self.scale[0])

    def measure(self, least: float) -> None:
        """Count the first column in units of what no plan is below, where that is known."""
        if 0 < least < math.inf:
            self.scale[0] = least

    @property
    def limits(self) -> Floats:
        """Of the kernels' columns, K."""
        limits: Floats = self.chain.limits[self.order] / self.scale
        return limits

    @property
    def machine(self) -> Floats:
        """What one unit of a column of machines is in machines, P."""
        return self.scale[1 : 1 + len(self.machines)] * self.faster

    def prices(self, rents: Floats) -> tuple[Floats, Floats]:
        """Return what a machine adds to the first column, and to that of money, by its rent at the chain's rate."""
        each = rents / self.faster
        return self.chain.paid * each / self.unit, each / self.scale[self.limited_money]

    def nodes(self, those: Placed, best: float, known: bool, gap: float, off: float = 0.0) -> Parts:
        """Return placements for the search of their thresholds.

        Parameters
        ----------
        those
            N placements.
        best
            Only plans below this count, in units of the chain's objective.
        known
            Whether that is the value of a plan, which others have to be better than by the gap.
        gap, off
            How much better than the best plan others have to be, relative; in units of the chain's objective at least.
        """
        from serflow_opt.kernels.parts import Parts

        count, kinds = len(those), len(self.machines)
        runner, there = those.paths.runner, those.paths.runner != NOWHERE
        option, tier = self.option[runner], np.where(there, self.tier[runner], -1)
        rents, most = np.zeros((count, kinds)), np.zeros((count, kinds))
        adds = those.adds[:, :, self.order]
        for p, k in enumerate(self.chain.rented):
            used = np.where(tier == k, option, -1).max(axis=1, initial=-1)
            rents[:, p] = np.where(used >= 0, self.rent[used], 0.0)
            most[:, p] = np.where(used >= 0, self.most[used], 0.0)
            for column, factor in self.paid:
                rent = factor * rents[:, p, None] * adds[:, :, 1 + p]
                by_use = adds[:, :, column] - rent
                adds[:, :, column] = np.where(np.abs(by_use) <= ROUNDING * rent, 0.0, by_use)  # rounding is no money
        menus = self.menus
        stages = np.arange(runner.shape[1])
        used = menus_used(self.chain, those.paths)
        used = np.zeros(runner.shape, np.int64) if used is None else used
        limits = self.limits
        free = 2.0 + np.abs(adds).sum(axis=1).max(axis=0, initial=0.0) / self.scale  # beyond anything
        limits = np.where(np.isfinite(limits), limits, free)
        return Parts(
            those.paths.stages.astype(np.int64),
            (menus.first[stages, used], menus.size[stages, used], menus.stay, menus.mass),
            np.ascontiguousarray((adds / self.scale).transpose(0, 2, 1)),
            limits,
            (*self.prices(rents), most, self.machine),
            self.limited_money,
            best / self.unit,
            known,
            (gap, off / self.unit, WHOLE_MACHINE, ROUNDING, INTEGRAL),
            mixing=self.mixing,
        )

    def alike(self, those: Placed) -> Ints:
        """Return a number for each placement, from 0 on, that those with the same types of machines share."""
        if not self.chain.rented:
            return np.zeros(len(those), np.int64)
        runner = those.paths.runner
        tier, option = np.where(runner != NOWHERE, self.tier[runner], -1), self.option[runner]
        key = np.zeros(len(those), np.int64)
        for k in self.chain.rented:
            key = key * (len(self.rent) + 1) + np.where(tier == k, option + 1, 0).max(axis=1, initial=0)
        numbers: Ints = np.unique(key, return_inverse=True)[1].astype(np.int64)
        return numbers

    def levels(self, those: Placed, n: int, chosen: Ints) -> Ints:
        """Return thresholds of a placement as positions in the menus of its stages; 0 behind its end.

        Parameters
        ----------
        those, n
            Placements, and which of them.
        chosen
            Levels as the kernels count them.
        """
        first, _ = self._menus_at(those, n)
        levels = np.zeros(len(chosen), np.int64)
        levels[: len(first)] = self.menus.level[first + chosen[: len(first)]]
        return levels

    def shares(self, those: Placed, n: int, mixed: Floats) -> list[Floats]:
        """Return how often a placement takes each entry of the menu of each of its stages.

        Parameters
        ----------
        those, n
            Placements, and which of them.
        mixed
            M x levels, as the kernels count these.
        """
        shares = []
        for s, (first, size) in enumerate(zip(*self._menus_at(those, n), strict=True)):
            here: Floats = np.zeros(size)
            here[self.menus.level[first : first + size]] = mixed[s, :size]
            shares.append(here)
        return shares

    def _menus_at(self, those: Placed, n: int) -> tuple[Ints, Ints]:
        """First level and number of levels of the menus that the stages of a placement use."""
        count = int(those.paths.stages[n])
        used = menus_used(self.chain, those.paths[np.array([n])])
        owner = np.zeros(count, np.int64) if used is None else used[0, :count]
        return self.menus.first[np.arange(count), owner], self.menus.size[np.arange(count), owner]

    def fractional(self, weights: Floats) -> Floats:
        """Return weights of the kernels' columns as multipliers of the chain's, C; machines are paid for by use.

        Parameters
        ----------
        weights
            K.
        """
        held = np.zeros(len(weights))
        held[self.order] = weights / self.scale * self.unit + 0.0  # -0 would divide to minus infinity
        held[self.machines] = 0.0
        held[0] = 1.0
        return held
