"""Updates that are compressed on their way."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

import torch

from serflow_opt.profiling.rounds.updates import WAYS


def test_updates_arrive_in_eight_bits_or_the_largest_tenth_of_them() -> None:
    """Compressed updates lose half a step, or all but the largest tenth."""
    update = torch.linspace(-1, 1, 201).view(3, 67)
    assert float((WAYS["int8"].does(update) - update).abs().max()) <= 0.5 / 127 + 1e-6
    largest = WAYS["tenth"].does(update)
    assert (largest != 0).sum() == 20  # a tenth of 201, and the ends are largest
    assert torch.equal(largest[largest != 0].abs() >= 0.9, torch.ones(20, dtype=torch.bool))
    assert torch.equal(WAYS["int8"].does(torch.zeros(3)), torch.zeros(3))
