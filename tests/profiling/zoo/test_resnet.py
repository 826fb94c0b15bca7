"""ResNet-50 against its paper."""

from __future__ import annotations

import pytest

from serflow_opt.instances import architectures

pytest.importorskip("torch")


from support.counted_networks import FP32, counted, parameters


def test_resnet50() -> None:
    """ResNet-50 has the published multiplications and parameters."""
    stages, network = counted("resnet50")
    known = architectures.resnet50()
    assert sum(s.flops for s in stages) == 2 * known.macs == 2 * 4_089_184_256
    normalised = 64 + 3 * (64 + 64 + 256) + 256 + 4 * (128 + 128 + 512) + 512
    normalised += 6 * (256 + 256 + 1024) + 1024 + 3 * (512 + 512 + 2048) + 2048
    assert parameters(network) == known.parameters - 2 * normalised == 25_557_032
    sizes = [64 * 56**2] + [256 * 56**2] * 3 + [512 * 28**2] * 4 + [1024 * 14**2] * 6 + [2048 * 7**2] * 3 + [1000]
    assert [s.activation_bytes for s in stages] == [FP32 * size for size in sizes]
    # block 2 of the first group: 256 -> 64 -> 64 -> 256 on 56x56
    assert stages[2].flops == 2 * 56**2 * (256 * 64 + 9 * 64 * 64 + 64 * 256)
