"""A small network with four exits for 28x28 digits, sized so that where to cut and where to leave both matter.

Built as in S. Teerapittayanon, B. McDanel, H. T. Kung, *BranchyNet*, ICPR 2016: a chain of convolutions with cheap
classifiers along it; the layers are ours. Stage 2 is narrow on purpose: it hands on 2,352 bytes, less than the
3,136 of the picture, and 87 % of the operations come after it.
"""

from __future__ import annotations

from torch import nn

from serflow_opt.profiling.stages.network import MultiExit
from serflow_opt.profiling.zoo.layers import conv_norm

CLASSES = 10


def digits() -> MultiExit:
    """Return 6 stages, five convolutions and the last classifier, with exits after stages 1, 2, 4 and 6."""
    stages = [
        convolution(1, 16, 5, pool=True),  # 16 x 14 x 14
        convolution(16, 12, 5, pool=True),  # 12 x 7 x 7
        convolution(12, 64, 3),
        convolution(64, 96, 3),
        convolution(96, 128, 3, pool=True),  # 128 x 3 x 3
        nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(128 * 3 * 3, CLASSES)),
    ]
    return MultiExit(stages, {1: branch(16, 14, 4), 2: branch(12, 7, 2), 4: branch(96, 7, 7)})


def convolution(channels: int, filters: int, kernel: int, *, pool: bool = False) -> nn.Sequential:
    """Return convolution, normalisation, ReLU, and a pooling that halves the size, rounded down.

    Parameters
    ----------
    channels, filters
        Channels read and written.
    kernel
        Side of the convolution, odd: the size stays.
    pool
        Whether to halve the size.
    """
    layers = [*conv_norm(channels, filters, kernel), nn.ReLU()]
    return nn.Sequential(*layers, nn.MaxPool2d(2)) if pool else nn.Sequential(*layers)


def branch(channels: int, size: int, window: int) -> nn.Sequential:
    """Return a classifier that reads means over windows of a size x size activation, which costs next to nothing.

    Parameters
    ----------
    channels, size
        Of the activation, channels x size x size.
    window
        Side of the windows, which do not overlap; what they do not cover is not read.
    """
    return nn.Sequential(nn.AvgPool2d(window), nn.Flatten(), nn.Linear(channels * (size // window) ** 2, CLASSES))
