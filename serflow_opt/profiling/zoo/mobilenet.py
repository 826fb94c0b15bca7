"""MobileNetV3-Large for 224x224 pictures.

A. Howard et al., *Searching for MobileNetV3*, ICCV 2019, table 1; squeeze-and-excite of section 5.3 (a quarter of the
expanded channels, hard sigmoid), hard swish of section 5.2. Where the paper leaves a choice it is that of the authors'
code: squeezed channels are rounded to a multiple of 8, the excitation comes after the non-linearity of the depthwise
convolution, and a bottleneck that does not expand (the first) has no 1x1 convolution for it.

Convolutions and linear layers make 216.6 MMAC and 5,483,032 parameters; the paper prints 219 M and 5.4 M (table 3) and
does not say what it counts.
"""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn

from serflow_opt.profiling.stages.network import MultiExit
from serflow_opt.profiling.zoo.layers import conv_norm


class BlockRow(NamedTuple):
    """A row of table 1: kernel, expanded size, output channels, squeeze-and-excite, hard swish, stride."""

    kernel: int
    expanded: int
    outputs: int
    excite: bool
    swish: bool
    stride: int


TABLE_1 = (
    BlockRow(3, 16, 16, False, False, 1),
    BlockRow(3, 64, 24, False, False, 2),
    BlockRow(3, 72, 24, False, False, 1),
    BlockRow(5, 72, 40, True, False, 2),
    BlockRow(5, 120, 40, True, False, 1),
    BlockRow(5, 120, 40, True, False, 1),
    BlockRow(3, 240, 80, False, True, 2),
    BlockRow(3, 200, 80, False, True, 1),
    BlockRow(3, 184, 80, False, True, 1),
    BlockRow(3, 184, 80, False, True, 1),
    BlockRow(3, 480, 112, True, True, 1),
    BlockRow(3, 672, 112, True, True, 1),
    BlockRow(5, 672, 160, True, True, 2),
    BlockRow(5, 960, 160, True, True, 1),
    BlockRow(5, 960, 160, True, True, 1),
)


class Excite(nn.Module):
    """Scale each channel by a number in 0..1 computed from the means of all channels."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        squeezed = multiple_of_8(channels / 4)
        self.scale = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(channels, squeezed, 1),
            nn.ReLU(),
            nn.Conv2d(squeezed, channels, 1),
            nn.Hardsigmoid(),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return x scaled, of the same shape."""
        out: Tensor = x * self.scale(x)
        return out


class InvertedResidual(nn.Module):
    """Expand by 1x1, filter each channel, excite, project by 1x1; x is added where the shape stays."""

    def __init__(self, channels: int, row: BlockRow) -> None:
        super().__init__()
        activation = nn.Hardswish if row.swish else nn.ReLU
        layers: list[nn.Module] = []
        if row.expanded != channels:
            layers += [*conv_norm(channels, row.expanded, 1), activation()]
        depthwise = conv_norm(row.expanded, row.expanded, row.kernel, stride=row.stride, groups=row.expanded)
        layers += [*depthwise, activation()]
        if row.excite:
            layers.append(Excite(row.expanded))
        self.layers = nn.Sequential(*layers, *conv_norm(row.expanded, row.outputs, 1))
        self.added = row.stride == 1 and channels == row.outputs

    def forward(self, x: Tensor) -> Tensor:
        """Return N x outputs x height x width, the last two divided by the stride."""
        out: Tensor = self.layers(x)
        return x + out if self.added else out


def multiple_of_8(channels: float) -> int:
    """Round to the nearest multiple of 8, halves up, never below 8 nor by more than a tenth down."""
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded if rounded >= 0.9 * channels else rounded + 8


def mobilenet_v3_large() -> MultiExit:
    """Return 18 stages: the first convolution, 15 bottlenecks, last convolution and mean, classifier."""
    stages: list[nn.Module] = [nn.Sequential(*conv_norm(3, 16, 3, stride=2), nn.Hardswish())]
    channels = 16
    for row in TABLE_1:
        stages.append(InvertedResidual(channels, row))
        channels = row.outputs
    last = [*conv_norm(channels, 960, 1), nn.Hardswish(), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    head = [nn.Linear(960, 1280), nn.Hardswish(), nn.Dropout(0.2), nn.Linear(1280, 1000)]
    return MultiExit([*stages, nn.Sequential(*last), nn.Sequential(*head)])
