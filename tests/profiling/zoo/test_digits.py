"""The digits network against its operations and bytes by hand."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")


from support.counted_networks import FP32, counted


def test_digits() -> None:
    """The digits network has the operations and bytes counted by hand, and its cut is worth making."""
    stages, network = counted("digits")
    trunk = [25 * 16 * 28**2, 25 * 16 * 12 * 14**2, 9 * 12 * 64 * 49, 9 * 64 * 96 * 49, 9 * 96 * 128 * 49, 1152 * 10]
    branches = {1: 16 * 9 * 10, 2: 12 * 9 * 10, 4: 96 * 10}
    assert [s.flops for s in stages] == [2 * (macs + branches.get(s, 0)) for s, macs in enumerate(trunk, start=1)]
    values = [16 * 14**2, 12 * 7**2, 64 * 49, 96 * 49, 128 * 3**2, 10]
    assert [s.activation_bytes for s in stages] == [FP32 * v for v in values]
    assert network.classifier_stages == (1, 2, 4, 6)
    # the cut that the network was made for: fewer bytes than the picture, and most operations come after it
    assert stages[1].activation_bytes < FP32 * 28 * 28
    assert sum(trunk[2:]) / sum(trunk) == pytest.approx(0.87, abs=0.005)
