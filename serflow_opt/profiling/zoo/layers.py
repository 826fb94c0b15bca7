"""What several of the networks are made of."""

from __future__ import annotations

from torch import nn


def conv_norm(
    channels: int, filters: int, kernel: int, *, stride: int = 1, groups: int = 1, bias: bool = False
) -> list[nn.Module]:
    """Return a square convolution that keeps the size at stride 1, and batch normalisation.

    Parameters
    ----------
    channels, filters
        Channels read and written.
    kernel
        Side of the convolution, odd.
    stride
        Distance of its places.
    groups
        Parts of the channels that do not mix; as many as channels: depthwise.
    bias
        Whether it adds a number to each channel, which the normalisation takes away again.
    """
    convolution = nn.Conv2d(channels, filters, kernel, stride=stride, padding=kernel // 2, groups=groups, bias=bias)
    return [convolution, nn.BatchNorm2d(filters)]
