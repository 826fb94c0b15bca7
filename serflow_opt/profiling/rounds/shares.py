"""Who holds which data: classes are spread unevenly over clients, by Dirichlet weights (Hsu, Qi and Brown, 2019)."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from serflow_opt.errors import InputError, Problem

LEAST = 2
"""Inputs of a client: normalisation needs several."""
DRAWS = 200
"""Tries until every client has as many."""


def shares(labels: Tensor, clients: int, concentration: float, seed: int) -> list[Tensor]:
    """Return the rows of each client: of each class a share that is drawn anew.

    Parameters
    ----------
    labels
        Classes of all inputs, N.
    clients
        How many share them.
    concentration
        Of the Dirichlet distribution, more than 0: the larger, the more alike clients are.
    seed
        Of the draws.

    Raises
    ------
    InputError
        When there are too few inputs for so many clients.
    """
    draw, classes = np.random.default_rng(seed), labels.cpu().numpy()
    for _ in range(DRAWS):
        rows: list[list[int]] = [[] for _ in range(clients)]
        for label in np.unique(classes):
            here = draw.permutation(np.flatnonzero(classes == label))
            weights = draw.dirichlet(np.full(clients, concentration))
            ends = np.rint(np.cumsum(weights)[:-1] * len(here)).astype(int)
            for own, part in zip(rows, np.split(here, ends), strict=True):
                own += part.tolist()
        if min(map(len, rows)) >= LEAST:
            return [torch.tensor(sorted(own)) for own in rows]
    found = f"{len(classes)} inputs for {clients} clients: some have less than {LEAST}"
    raise InputError([Problem("", "--clients", found, "take fewer clients, a larger --concentration, or more data")])
