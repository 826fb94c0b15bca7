"""Random chains for kernels, and multipliers side by side."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from oracles.writing import write
from support.documents import document_of

import serflow_opt as so
from serflow_opt.formulations.coefficients import Data
from serflow_opt.search.layered import Chain

EACH = [(kind, seed) for kind in ("plain", "adapted") for seed in range(100, 116)]


def chain_of(kind: str, seed: int, folder: Path) -> Chain | None:
    """The arrays of a random instance, where there is a way through."""
    instance = so.load(write(document_of(kind, seed), folder))
    data = Data(instance)
    return Chain.of(data, {instance.minimize: 1.0}) if data.connected else None  # type: ignore[dict-item]


def lanes_of(chain: Chain, seed: int) -> np.ndarray:
    """None, at random, and the accuracy alone."""
    rng = np.random.default_rng(seed)
    lanes = np.vstack([np.zeros((1, len(chain.columns))), rng.uniform(0, 3, (3, len(chain.columns)))])
    lanes[:, 0] = 1.0
    return np.vstack([lanes, np.eye(len(chain.columns))[-1:]])
