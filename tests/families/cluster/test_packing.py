"""The best filling of a server, against every filling there is."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.random_cluster import made
from support.small_cluster import small

import serflow_opt as so
from serflow_opt.families.cluster.columns import every_filling
from serflow_opt.families.cluster.menu import menu_of
from serflow_opt.families.cluster.packing import ServerPacking, TooFine
from serflow_opt.families.cluster.problem import Config


@pytest.mark.parametrize("seed", range(12))
def test_the_best_filling_is_that_of_all(seed: int) -> None:
    """Cards in slices, shared and pooled, with values drawn at random, some of them nothing."""
    problem, draw = made(seed).data, random.Random(seed)
    menu = menu_of(problem)
    values = np.array([draw.choice([0.0, draw.uniform(1, 9)]) for _ in menu.configs])
    for j in range(len(problem.servers)):
        packing = ServerPacking(problem, menu, j)
        every = every_filling(packing, 10_000)
        assert every is not None
        worth = [sum(values[i] for i in (*cpu, *(i for card in cards for i in card))) for cpu, cards in every]
        best, cpu, cards = packing.best(values)
        assert best == pytest.approx(max([0.0, *worth]))
        assert sum(values[i] for i in (*cpu, *(i for card in cards for i in card))) == pytest.approx(best)


def test_sizes_without_a_coarse_unit_are_refused(tmp_path: Path) -> None:
    """A thousandth of a core and of a card make tables of millions of cells: better told than waited for."""
    configs = (Config(0, 1, 0.997, 0.001, "", 0.01), Config(0, 1, 0.001, 33.333, "", 0.01))
    problem = replace(so.load(small(tmp_path)).data, configs=configs)
    with pytest.raises(TooFine, match="units of cores times"):
        ServerPacking(problem, menu_of(problem), 0)
