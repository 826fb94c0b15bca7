"""Placements with menus, machines and limits drawn at random, and every choice of thresholds on them."""

from __future__ import annotations

import dataclasses
import itertools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
UNIT = 1.0
"""Machines in a unit of the column of machines."""


@dataclass
class Case:
    """As `kernels.choices.Choices` takes it: columns money, machines, one more, minus the accuracy."""

    stages: NDArray[np.int64]
    first: NDArray[np.int64]
    size: NDArray[np.int64]
    stay: Array
    mass: Array
    adds: Array
    limits: Array
    rents: Array
    most: Array

    def stay_of(self, stage: int) -> Array:
        """Shares that go on at the thresholds of a stage of the first placement."""
        begin = self.first[0, stage]
        return self.stay[begin : begin + self.size[0, stage]]

    def columns(self, n: int, levels: tuple[int, ...]) -> Array:
        """What thresholds make of the columns of a placement, stage by stage from the last one."""
        column = np.zeros(self.adds.shape[1])
        for s in reversed(range(self.stages[n])):
            at = self.first[n, s] + levels[s]
            column = self.adds[n, :, s] + self.stay[at] * column
            column[-1] -= self.mass[at]
        return column

    def worth(self, n: int, levels: tuple[int, ...]) -> float:
        """The value with machines whole; infinite where a limit is broken."""
        column = self.columns(n, levels)
        number = math.ceil(column[1] * UNIT * (1 - 1e-9))
        broken = column[2] > self.limits[2] + 1e-12 or column[-1] > self.limits[-1] + 1e-12
        return math.inf if broken or number > self.most[n, 0] else float(column[0] + number * self.rents[n, 0])


def drawn(seed: int, stages: int = 3, placements: int = 4) -> Case:
    """Menus that all placements share, the last of which lets everybody go."""
    rng = np.random.default_rng([71, seed])
    sizes = [int(rng.integers(2, 5)) for _ in range(stages - 1)] + [1]
    stays = [np.sort(rng.uniform(0.1, 1.0, size)) for size in sizes[:-1]] + [np.zeros(1)]
    masses = [(1 - stay) * np.linspace(0.7, 0.9, len(stay)) for stay in stays[:-1]] + [np.full(1, 0.95)]
    begins = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64)
    adds = rng.uniform(0.1, 1.0, (placements, 4, stages))
    adds[:, 1] *= 3.0
    adds[:, -1] = 0.0
    return Case(
        np.full(placements, stages),
        np.tile(begins, (placements, 1)),
        np.tile(np.array(sizes, np.int64), (placements, 1)),
        np.concatenate(stays),
        np.concatenate(masses),
        adds,
        np.array([1e6, 1e6, float(rng.uniform(0.8, 1.8)), -float(rng.uniform(0.7, 0.93))]),
        np.full((placements, 1), float(rng.uniform(0.1, 1.0))),
        np.full((placements, 1), float(rng.integers(3, 9))),
    )


def with_bait(case: Case) -> Case:
    """The same with a level behind each menu that is in no menu, and would be better than all of it."""
    menus = [slice(first, first + size) for first, size in zip(case.first[0], case.size[0], strict=True)]
    return dataclasses.replace(
        case,
        first=case.first + np.arange(len(menus)),
        stay=np.concatenate([[*case.stay[menu], 0.0] for menu in menus]),
        mass=np.concatenate([[*case.mass[menu], 9.0] for menu in menus]),
    )


def best_of(case: Case, n: int) -> tuple[float, tuple[int, ...]]:
    """The best of all choices of a placement."""
    ways = itertools.product(*(range(size) for size in case.size[n]))
    return min((case.worth(n, levels), levels) for levels in ways)


def kernel(case: Case, best: float = math.inf, known: bool = False) -> Any:
    """The search of thresholds, compiled."""
    from serflow_opt.kernels.parts import Parts

    return Parts(
        case.stages,
        (case.first, case.size, case.stay, case.mass),
        case.adds.copy(),
        case.limits,
        (case.rents, np.zeros_like(case.rents), case.most, np.full(1, UNIT)),
        0,
        best,
        known,
        (0.0, 0.0, 1e-9, 1e-12, 1e-6),
    )
