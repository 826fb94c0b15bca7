"""The least of all structures with given blocks behind a cut, against all structures one by one."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from support.listed import case_of, one_by_one, pricing_of

from serflow_opt.traffic.provision.completions import Reached, Sum, Weights
from serflow_opt.traffic.provision.cutting import Cutting
from serflow_opt.traffic.provision.hops import Hop
from serflow_opt.traffic.provision.structures import BlockChoice

SEEDS = [0, 3, 9, 14, 27]


def amount(choice: BlockChoice) -> float:
    """Something that every block takes."""
    return 1.0 + choice.first + 3.0 * (choice.function is None) + 0.5 * (choice.machine is None) + choice.sending_s


@pytest.mark.parametrize("seed", SEEDS)
def test_the_least_sum_is_that_of_all_structures(seed: int, tmp_path: Path) -> None:
    """Blocks and hand-overs added up, one structure after the other; with fewer blocks it is no less."""
    most = 1 + seed % 4
    structures = pricing_of(case_of(seed), most, tmp_path).structures
    cutting, every = Cutting(structures), list(one_by_one(structures))
    for blocks in range(1, most + 1):
        sums = [math.fsum(amount(c) + 2.0 * c.hop_s for c in own) for own in every if len(own) <= blocks]
        found = Sum(cutting, blocks, amount, lambda cut, hop: 2.0 * hop.seconds)
        assert found.root == pytest.approx(min(sums, default=math.inf), rel=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
def test_behind_each_cut_is_the_least_that_completes_it(seed: int, tmp_path: Path) -> None:
    """What stands in front of the first cut and behind the last together is the least of the whole."""
    structures = pricing_of(case_of(seed), 1 + seed % 4, tmp_path).structures
    cutting = Cutting(structures)
    found = Sum(cutting, structures.most, amount, lambda cut, hop: 0.0)
    whole = found.completed(structures.most, np.array([cutting.last]), np.array([0]), np.zeros(1))
    assert whole[0] == found.root
    reached = [found.behind[0, state] for state in cutting.entries]
    assert min(reached, default=math.inf) <= found.root * (1 + 1e-12)  # any number of blocks


@pytest.mark.parametrize("seed", [1, 3, 9, 14])
def test_what_requests_take_is_bounded_over_all_thresholds(seed: int, tmp_path: Path) -> None:
    """No structure costs less at any thresholds that keep the floor; without a floor it is reached."""
    priced = pricing_of(case_of(seed), 4, tmp_path)  # as many blocks as there may be stages
    cutting, every = Cutting(priced.structures), list(one_by_one(priced.structures))
    if not every:
        pytest.skip("nothing can run it")

    def hand_over(hop: Hop) -> float:
        return priced.demand.mean * hop.usd

    weights = Weights(cutting, priced.exits, priced.weights, hand_over)
    free = Reached(weights, None, priced.structures.most)
    asked = Reached(weights, priced.instance.accuracy_min, priced.structures.most)
    menus = priced.instance.menus
    rates = np.array(np.meshgrid(*[menu.exit_rates for menu in menus], indexing="ij")).reshape(len(menus), -1)
    right = np.array(np.meshgrid(*[menu.accuracies for menu in menus], indexing="ij")).reshape(len(menus), -1)
    reach = np.vstack([np.ones(rates.shape[1]), np.cumprod(1 - rates[:-1], axis=0)])
    accuracy = (reach * rates * np.nan_to_num(right)).sum(axis=0)
    least = np.full(rates.shape[1], math.inf)
    for structure in every:
        usd = sum(priced.weights(c) @ reach for c in structure)
        least = np.minimum(least, usd)
    floor = priced.instance.accuracy_min
    kept = least[accuracy >= floor - 1e-12] if floor is not None else least
    assert free.root <= least.min() * (1 + 1e-9)
    assert weights.root(np.zeros(1))[0] == pytest.approx(least.min(), rel=1e-9)
    assert free.root == pytest.approx(least.min(), rel=0.02)  # known on a grid
    assert asked.root <= kept.min(initial=math.inf) * (1 + 1e-9)
    assert asked.root >= free.root * (1 - 1e-9)
