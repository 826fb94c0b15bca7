"""Labelled data to train, calibrate, attack and measure with, in disjoint parts."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """Inputs and their classes.

    Attributes
    ----------
    inputs
        N x shape of one input.
    labels
        Classes 0..K-1, N, int64.
    """

    inputs: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def classes(self) -> int:
        """Number of classes K: one more than the largest label."""
        return int(self.labels.max()) + 1

    @property
    def digest(self) -> str:
        """What tells these data from others: the start of SHA-256 over shapes, inputs and labels."""
        found = hashlib.sha256(repr(tuple(self.inputs.shape)).encode())
        for tensor in (self.inputs, self.labels):
            found.update(tensor.cpu().contiguous().numpy().tobytes())
        return found.hexdigest()[:16]

    def rows(self, index: Tensor) -> Labelled:
        """Return some rows, in the order given."""
        return Labelled(self.inputs[index], self.labels[index])


class DataParts(NamedTuple):
    """Disjoint parts of a data set.

    train: fits the network. calibration: fits temperatures and clipping bounds. attack: what an attacker has, fits
    inversion decoders. measured: never fitted to; every figure that is reported comes from it.
    """

    train: Labelled
    calibration: Labelled
    attack: Labelled
    measured: Labelled


SHARES: Mapping[str, float] = {"train": 0.4, "calibration": 0.05, "attack": 0.15, "measured": 0.4}


def split(data: Labelled, seed: int = 0, shares: Mapping[str, float] = SHARES) -> DataParts:
    """Draw the parts at random, class by class, so that each part has the mix of the whole.

    Parameters
    ----------
    shares
        Share of the data for each part. Rounding is carried from class to class; what it leaves goes to `measured`.
    """
    generator = torch.Generator().manual_seed(seed)
    rows: dict[str, list[Tensor]] = {name: [] for name in DataParts._fields}
    owed = dict.fromkeys(DataParts._fields[:-1], 0.0)
    for label in data.labels.unique():
        here = (data.labels == label).nonzero().squeeze(1)
        here = here[torch.randperm(len(here), generator=generator)]
        begin = 0
        for name in owed:
            owed[name] += shares[name] * len(here)
            count = min(round(owed[name]), len(here) - begin)
            owed[name] -= count
            rows[name].append(here[begin : begin + count])
            begin += count
        rows["measured"].append(here[begin:])
    drawn = (torch.cat(rows[name]) for name in DataParts._fields)
    return DataParts(*(data.rows(index[torch.randperm(len(index), generator=generator)]) for index in drawn))
