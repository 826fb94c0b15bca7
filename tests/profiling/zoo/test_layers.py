"""Layers that networks of the zoo share."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

import torch
from torch import nn

from serflow_opt.profiling.zoo.layers import conv_norm


@pytest.mark.parametrize(("kernel", "stride", "side"), [(1, 1, 8), (3, 1, 8), (5, 2, 4), (3, 2, 4)])
def test_sizes_are_kept_at_stride_one_and_halved_at_two(kernel: int, stride: int, side: int) -> None:
    """Padding makes up for the kernel, whatever its side."""
    layers = nn.Sequential(*conv_norm(4, 6, kernel, stride=stride))
    assert layers(torch.zeros(2, 4, 8, 8)).shape == (2, 6, side, side)


def test_weights_are_those_of_arithmetic() -> None:
    """4 x 6 x 9 weights and two a channel of normalisation; depthwise 4 x 9; a bias only where asked."""

    def count(layers: list[nn.Module]) -> int:
        return sum(weight.numel() for layer in layers for weight in layer.parameters())

    assert count(conv_norm(4, 6, 3)) == 4 * 6 * 9 + 2 * 6
    assert count(conv_norm(4, 4, 3, groups=4)) == 4 * 9 + 2 * 4
    assert count(conv_norm(4, 6, 3, bias=True)) == 4 * 6 * 9 + 6 + 2 * 6
