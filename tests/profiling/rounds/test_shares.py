"""How data are parted among simulated clients."""

from __future__ import annotations

import pytest

from serflow_opt.errors import InputError

pytest.importorskip("torch")

import torch

from serflow_opt.profiling.rounds.shares import shares


def test_shares_part_the_data_and_are_the_more_alike_the_larger_the_concentration() -> None:
    """Clients part the data without loss, the more evenly the larger the concentration."""
    labels = torch.arange(3000) % 3
    spread = {}
    for concentration in (0.3, 1000.0):
        own = shares(labels, 10, concentration, seed=1)
        assert torch.equal(torch.cat(own).sort().values, torch.arange(3000))
        assert all(torch.equal(a, b) for a, b in zip(own, shares(labels, 10, concentration, seed=1), strict=True))
        counts = torch.stack([torch.bincount(labels[rows], minlength=3) for rows in own])
        spread[concentration] = float(counts.double().std(0).mean())
    assert spread[1000.0] < 10 < 50 < spread[0.3]  # 100 of a class each when alike
    with pytest.raises(InputError, match="fewer clients"):
        shares(labels[:30], 20, 0.01, seed=1)
