"""Labels that placements share: the same best thresholds as each placement alone, and as enumeration."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import numpy as np
import pytest
from oracles.random_instances import random_document
from support.chains import chain_of
from support.helpers import load

import serflow_opt as so
from serflow_opt.formulations.coefficients import Data
from serflow_opt.search import combinatorial as chain_search
from serflow_opt.search.bound_recursion import sweep
from serflow_opt.search.layered import Chain
from serflow_opt.search.placed import columns_of, placed, task_of
from serflow_opt.search.placements import list_paths
from serflow_opt.search.prefixes import least_whole_before
from serflow_opt.search.runs import within_options
from serflow_opt.search.shared_labels import Likeness, SharedLabels
from serflow_opt.search.threshold_labels import ThresholdTask

SEEDS = [seed for seed in range(90) if random_document(seed)["objective"].get("accounting") == "per-request"]


def enumerated(task: ThresholdTask) -> float:
    """The least of the first column over all thresholds within the limits, by the formulas of a walk."""
    least = math.inf
    for levels in itertools.product(*[range(len(menu.rate)) for menu in task.menus]):
        reach, columns = 1.0, np.zeros(task.adds.shape[1])
        for s, level in enumerate(levels):
            columns = columns + reach * task.adds[s]
            columns[-1] -= reach * task.menus[s].mass[level]
            reach *= 1 - task.menus[s].rate[level]
        if (columns <= task.limits).all():
            least = min(least, columns[0])
    return least


@pytest.mark.parametrize("tolerance", [0.0, 0.05])
@pytest.mark.parametrize("seed", SEEDS[:24])
def test_each_placement_gets_its_best(seed: int, tolerance: float, tmp_path: Path) -> None:
    """Labels shared by placements give each of them its own best thresholds."""
    instance = load(random_document(seed) | {"objective": {"minimize": "cost"}}, tmp_path)
    data = Data(instance)
    if not data.connected or instance.latency_measure != "worst":
        pytest.skip("no pure chain with two columns")
    chain = Chain.of(data, {"cost": 1.0})
    paths = list_paths(data)
    assert paths is not None
    those = placed(chain, paths)
    those = those.rows((those.whole <= chain.whole_limit) & within_options(data, paths))
    if not len(those):
        pytest.skip("nothing in time")
    weights = np.array([1.0, 2.0])
    swept = sweep(chain, weights[None], least_whole_before(chain))
    best = [enumerated(task_of(chain, those, n)) for n in range(len(those))]
    most = 1e6
    shared = SharedLabels(chain, weights, swept, those, most, tolerance * min(best, default=0.0))
    for n, least in enumerate(best):
        choice = shared.best(n)
        if math.isinf(least):
            assert choice is None
            continue
        assert choice is not None
        off = tolerance * min(best)
        assert least * (1 - 1e-9) - 1e-12 <= choice.columns[0] <= least * (1 + 1e-9) + off + 1e-12


@pytest.mark.parametrize("seed", SEEDS[:36])
def test_a_search_that_always_shares_agrees_with_the_model(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sharing labels from the first placement on changes no answer."""
    monkeypatch.setattr(chain_search, "MANY", 0)
    instance = load(random_document(seed), tmp_path)
    ours, model = so.solve(instance, gap=1e-6), so.solve(instance, gap=1e-6, method="milp")
    assert ours.status == model.status
    if model.objective.value is not None:
        assert ours.objective.value == pytest.approx(model.objective.value, rel=3e-6, abs=1e-15)


@pytest.mark.parametrize(("kind", "seed"), [(kind, seed) for kind in ("plain", "adapted") for seed in range(100, 108)])
def test_the_same_thresholds_are_cheaper_by_no_more_than_told(kind: str, seed: int, tmp_path: Path) -> None:
    """Random thresholds on each placement: where menus are the same, none costs less than on another one less that."""
    chain = chain_of(kind, seed, tmp_path)
    paths = None if chain is None else list_paths(chain.data)
    if chain is None or paths is None:
        return
    those = placed(chain, paths[np.arange(0, len(paths), max(1, len(paths) // 30))])
    likeness = Likeness.of(chain, those, np.ones(len(chain.on)))
    rng = np.random.default_rng(seed)
    sizes = [min(len(menu.rate) for menu in menus) for menus in chain.menus]
    for _ in range(5):
        levels = np.tile([int(rng.integers(size)) for size in sizes], (len(those), 1))
        columns = columns_of(chain, those, levels)
        for n in range(len(those)):
            cheaper = likeness.cheaper(n)
            assert cheaper[n] == 0
            alike = np.isfinite(cheaper)
            assert (columns[alike, 0] >= columns[n, 0] - cheaper[alike] - 1e-12).all()
            assert (columns[alike, -1] >= columns[n, -1] - 1e-12).all()  # minus the accuracy
