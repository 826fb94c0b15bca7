"""Random chains with all their placements, each valued by itself."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from oracles.adapted import Plans, adapted_plans
from oracles.writing import write
from support.documents import NOT_LISTED, adapted_keys, document_of

import serflow_opt as so
from serflow_opt.formulations.coefficients import Data
from serflow_opt.problem.instance import Instance
from serflow_opt.search.layered import Chain
from serflow_opt.search.placements import Paths
from serflow_opt.search.runs import stages_couple

Key = tuple[tuple[int, ...], tuple[int, ...]]


PLAIN, ADAPTED = range(28), range(20)


SHOWN = {"cost": 1.0, "latency": 1e3, "privacy": 1.0, "energy": 1.0}
"""What the oracle's figures are, times USD, seconds, loss and joules."""


ROUNDING = 1e-9


@dataclass
class Case:
    """An instance, its arrays, and every plan: what its placement is, its columns and what a limit leaves of it."""

    instance: Instance
    chain: Chain
    keys: list[Key]
    columns: np.ndarray  # plans x columns, in the chain's units
    kept: np.ndarray

    def least(self, weights: np.ndarray) -> dict[Key, float]:
        """The least Lagrangian of each placement, over its thresholds."""
        found: dict[Key, float] = {}
        for key, value, kept in zip(self.keys, (self.columns @ weights).tolist(), self.kept.tolist(), strict=True):
            if kept:
                found[key] = min(value, found.get(key, math.inf))
        return found

    @property
    def tight(self) -> bool:
        """Whether sweeps see only part of what memory forbids."""
        return stages_couple(self.instance)


@cache
def case_of(kind: str, seed: int) -> Case | None:
    """None where nothing can be placed, or where plans that cannot be accurate enough are not listed."""
    document = document_of(kind, seed)
    with TemporaryDirectory() as folder:
        instance = so.load(write(document, Path(folder)))
    data = Data(instance)
    if not data.connected:
        return None
    chain = Chain.of(data, {instance.minimize: 1.0})  # type: ignore[dict-item]
    plans = adapted_plans(document)
    keys = adapted_keys(data, plans)
    if NOT_LISTED in keys:  # some ends are left out for the floor, which a sweep does not know
        return None
    return Case(instance, chain, keys, columns_of(chain, plans), kept_of(chain, plans))


def columns_of(chain: Chain, plans: Plans) -> np.ndarray:
    """The oracle's figures as columns of the chain."""
    units = {"cost": chain.data.dollar, "latency": chain.data.second, "energy": chain.data.joule, "privacy": 1.0}
    columns = [
        -plans.accuracy if name == "accuracy" else plans.objective(name) / SHOWN[name] / units[name]
        for name in chain.columns
    ]
    return np.column_stack(columns)


def kept_of(chain: Chain, plans: Plans) -> np.ndarray:
    """Plans within the limits that no multiplier is for."""
    kept = plans.keeps("mse_min") & plans.keeps("cross_entropy_max")
    if chain.data.instance.latency_measure == "worst":
        kept = kept & plans.keeps("latency_slo_ms")
    return np.asarray(kept)


def lanes_of(case: Case, seed: int) -> np.ndarray:
    """Multipliers over orders of magnitude: none, the accuracy alone, and at random."""
    rng = np.random.default_rng(seed)
    width = len(case.chain.columns)
    lanes = np.zeros((6, width))
    lanes[:-1, 0] = 1.0
    scale = np.abs(case.columns).mean(axis=0) if len(case.columns) else np.ones(width)
    for lane, size in zip(lanes[1:-1], (0.03, 0.3, 3.0, 30.0), strict=True):
        lane[1:] = scale[0] / np.where(scale[1:] > 0, scale[1:], 1.0) * size * rng.uniform(0.3, 3.0, width - 1)
    lanes[-1, -1] = 1.0
    return lanes


def keys_of(paths: Paths) -> list[Key]:
    """Placements as the oracle's keys: `NOTHING` crosses in way 0."""
    return [
        (tuple(runners), tuple(max(way, 0) for way in ways))
        for runners, ways in zip(paths.runner.tolist(), paths.way.tolist(), strict=True)
    ]


EACH = [*(("plain", seed) for seed in PLAIN), *(("adapted", seed) for seed in ADAPTED)]
