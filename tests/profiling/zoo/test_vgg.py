"""VGG-16 against its layers by hand."""

from __future__ import annotations

import pytest

from serflow_opt.instances import architectures

pytest.importorskip("torch")


from support.counted_networks import FP32, counted, parameters


def test_vgg16_as_counted_from_its_layers() -> None:
    """VGG-16 has the operations of its layers, counted by hand."""
    stages, network = counted("vgg16-cifar10")
    known = architectures.vgg16_cifar10()
    assert [(s.flops, s.activation_bytes) for s in stages] == [(s.trunk_flops, FP32 * s.values) for s in known]
    # batch normalisation holds four values a channel, two of which are learnt
    channels = 2 * 64 + 2 * 128 + 3 * 256 + 6 * 512
    assert parameters(network) == sum(s.trunk.parameters for s in known) - 2 * channels
