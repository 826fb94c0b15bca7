"""VGG16 with batch normalisation for 32x32 pictures.

K. Simonyan, A. Zisserman, *Very Deep Convolutional Networks for Large-Scale Image Recognition*, ICLR 2015, table 1,
column D: 13 convolutions of 3x3, five poolings. As is usual for CIFAR, each convolution is followed by batch
normalisation, and one linear layer 512 -> 10 stands for the three of the paper, whose sizes are those of 224x224.
"""

from __future__ import annotations

from torch import nn

from serflow_opt.profiling.stages.network import MultiExit
from serflow_opt.profiling.zoo.layers import conv_norm

WIDTHS = (64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512)
POOLED = (2, 4, 7, 10, 13)
"""Convolutions, counted from 1, that a 2x2 pooling follows."""


def vgg16_cifar10() -> MultiExit:
    """Return 14 stages: a convolution each, with its normalisation, ReLU and pooling, and the classifier."""
    stages: list[nn.Module] = []
    channels = 3
    for number, filters in enumerate(WIDTHS, start=1):
        layers = [*conv_norm(channels, filters, 3, bias=True), nn.ReLU()]
        if number in POOLED:
            layers.append(nn.MaxPool2d(2))
        stages.append(nn.Sequential(*layers))
        channels = filters
    return MultiExit([*stages, nn.Sequential(nn.Flatten(), nn.Linear(512, 10))])
