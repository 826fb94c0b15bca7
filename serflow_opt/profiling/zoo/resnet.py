"""ResNet-50 for 224x224 pictures.

K. He, X. Zhang, S. Ren, J. Sun, *Deep Residual Learning for Image Recognition*, CVPR 2016, table 1 and figure 5, with
the stride in the 3x3 convolution of a block rather than its first 1x1, as most implementations have it: 4.09 GMAC
against the 3.8 of the paper.
"""

from __future__ import annotations

from torch import Tensor, nn

from serflow_opt.profiling.stages.network import MultiExit
from serflow_opt.profiling.zoo.layers import conv_norm

GROUPS = ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2))
"""Filters of the 3x3 convolution, number of blocks, stride of the first one."""


class BottleneckBlock(nn.Module):
    """ReLU(F(x) + x), F being 1x1, 3x3 and 1x1 convolutions; x is projected where its shape differs."""

    def __init__(self, channels: int, filters: int, stride: int) -> None:
        super().__init__()
        outputs = 4 * filters
        self.residual = nn.Sequential(
            *conv_norm(channels, filters, 1),
            nn.ReLU(),
            *conv_norm(filters, filters, 3, stride=stride),
            nn.ReLU(),
            *conv_norm(filters, outputs, 1),
        )
        same = channels == outputs and stride == 1
        self.shortcut = nn.Identity() if same else nn.Sequential(*conv_norm(channels, outputs, 1, stride=stride))
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """Return N x 4 filters x height x width, the last two divided by the stride."""
        out: Tensor = self.relu(self.residual(x) + self.shortcut(x))
        return out


def resnet50() -> MultiExit:
    """Return 18 stages: the first convolution with its pooling, 16 blocks, and mean and classifier."""
    stem = [*conv_norm(3, 64, 7, stride=2), nn.ReLU(), nn.MaxPool2d(3, stride=2, padding=1)]
    stages: list[nn.Module] = [nn.Sequential(*stem)]
    channels = 64
    for filters, blocks, stride in GROUPS:
        for number in range(blocks):
            stages.append(BottleneckBlock(channels, filters, stride if number == 0 else 1))
            channels = 4 * filters
    head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 1000))
    return MultiExit([*stages, head])
