"""Operations, activations and parameters of the networks in this folder, counted from their layers.

One multiply-accumulate is two FLOP. Convolutions and matrix products are counted; additions, ReLU, pooling
and normalisation are not (about 1 % of these networks). Values are fp32, 4 bytes. Batch normalisation holds
four values a channel (scale, shift, mean, variance). The `derive.py` of each instance writes its stages.csv
with these.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

FP32_BYTES = 4


@dataclass(frozen=True, slots=True)
class Layers:
    """Multiply-accumulates and parameters of a group of layers."""

    macs: int
    parameters: int

    def __add__(self, other: Layers) -> Layers:
        return Layers(self.macs + other.macs, self.parameters + other.parameters)


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage: its part of the trunk, the classifier that branches off after it, and what it hands on.

    Attributes
    ----------
    values
        Numbers handed on to the next stage: the trunk's output where the stage ends.
    """

    trunk: Layers
    values: int
    classifier: Layers = Layers(0, 0)

    @property
    def trunk_flops(self) -> int:
        """Operations without the classifier, FLOP."""
        return 2 * self.trunk.macs

    def row(self, number: int, batch: int = 1) -> list[int]:
        """Return the row of stages.csv for a batch of inputs: stage, FLOP, activation and parameter bytes."""
        work = self.trunk + self.classifier
        return [number, 2 * work.macs * batch, FP32_BYTES * self.values * batch, FP32_BYTES * work.parameters]


def total(stages: Sequence[Stage]) -> Layers:
    """Sum the stages."""
    layers = Layers(0, 0)
    for stage in stages:
        layers += stage.trunk
    return layers


def write_stages(path: Path, stages: Sequence[Stage], batch: int = 1) -> None:
    """Write stages.csv for requests of `batch` inputs."""
    rows = (stage.row(number, batch) for number, stage in enumerate(stages, start=1))
    write_table(path, "stage,flops,activation_bytes,parameter_bytes", rows)


def write_table(path: Path, header: str, rows: Iterable[Iterable[object]]) -> None:
    """Write a CSV table whose columns are named by a comma-separated header."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header.split(","))
        writer.writerows(rows)


def amdahl_fraction(times: Mapping[int, float]) -> float:
    """Fit Amdahl's p, to 0.001, to times by number of threads: least squares of log(time / Amdahl's time)."""

    def error(p: float) -> float:
        return sum(math.log(time / times[1] / (1 - p + p / threads)) ** 2 for threads, time in times.items())

    return min((step / 1000 for step in range(1001)), key=error)


def conv(channels: int, filters: int, kernel: int, size: int, *, batch_norm: bool = False, bias: bool = True) -> Layers:
    """Count a square convolution whose output is size x size."""
    weights = channels * filters * kernel**2
    return Layers(weights * size**2, weights + filters * bias + 4 * filters * batch_norm)


def linear(inputs: int, outputs: int, times: int = 1) -> Layers:
    """Count a fully connected layer applied to `times` vectors."""
    return Layers(inputs * outputs * times, inputs * outputs + outputs)


def vgg16_cifar10() -> list[Stage]:
    """VGG16 with batch normalisation on 32x32: 13 convolutions, each with its pooling, and 512 -> 10."""
    widths = [64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512]
    pooled = {2, 4, 7, 10, 13}
    stages, channels, size = [], 3, 32
    for number, filters in enumerate(widths, start=1):
        layers = conv(channels, filters, 3, size, batch_norm=True)
        if number in pooled:
            size //= 2
        stages.append(Stage(layers, filters * size**2))
        channels = filters
    return [*stages, Stage(linear(512, 10), 10)]


def bert_base_exits(tokens: int) -> list[Stage]:
    """BERT-base as read at 12 exits: embeddings, then encoder layers 1 to 11, each with pooler and 768 -> 2.

    The embeddings' sum and normalisation are counted as 10 operations (5 multiply-accumulates) a value, so
    that stage 1 is not free. Attention adds 2 x tokens^2 x 768 multiply-accumulates a layer.
    """
    hidden, vocabulary, positions = 768, 30_522, 512
    embeddings = Layers(5 * tokens * hidden, (vocabulary + positions + 2 + 2) * hidden)
    projections = Layers(0, 0)
    for inputs, outputs in ((hidden, hidden),) * 4 + ((hidden, 4 * hidden), (4 * hidden, hidden)):
        projections += linear(inputs, outputs, tokens)
    encoder = projections + Layers(2 * tokens**2 * hidden, 2 * 2 * hidden)
    classifier = linear(hidden, hidden) + linear(hidden, 2)
    stages = [Stage(embeddings, tokens * hidden)] + [Stage(encoder, tokens * hidden, classifier)] * 10
    return [*stages, Stage(encoder, 2, classifier)]


def alexnet_cifar10() -> list[Stage]:
    """AlexNet (torchvision) on 224x224, 10 classes, a branch after the first pooling: 5 convolutions, fc."""
    branch = conv(64, 32, 3, 13) + conv(32, 32, 3, 13) + linear(512, 10)
    return [
        Stage(conv(3, 64, 11, 55), 64 * 27**2, branch),
        Stage(conv(64, 192, 5, 27), 192 * 13**2),
        Stage(conv(192, 384, 3, 13), 384 * 13**2),
        Stage(conv(384, 256, 3, 13), 256 * 13**2),
        Stage(conv(256, 256, 3, 13), 256 * 6**2),
        Stage(linear(9216, 4096) + linear(4096, 4096) + linear(4096, 10), 10),
    ]


def branchynet_lenet() -> list[Stage]:
    """B-LeNet on 28x28 grey; pooling rounds up, as in Chainer."""
    branch = conv(5, 10, 3, 15) + linear(640, 10)
    rest = conv(5, 10, 5, 17) + conv(10, 20, 5, 11) + linear(720, 84)
    return [Stage(conv(1, 5, 5, 30), 5 * 30**2, branch), Stage(rest, 10, linear(84, 10))]


def branchynet_alexnet() -> list[Stage]:
    """B-AlexNet on 32x32: branches after convolutions 2 and 3; pooling rounds up, as in Chainer."""
    branch1 = conv(64, 32, 3, 8) + conv(32, 32, 3, 8) + linear(512, 10)
    branch2 = conv(96, 32, 3, 4) + linear(128, 10)
    rest = conv(96, 96, 3, 8) + conv(96, 64, 3, 8) + linear(1024, 256) + linear(256, 128)
    return [
        Stage(conv(3, 32, 5, 32) + conv(32, 64, 5, 16), 64 * 16**2, branch1),
        Stage(conv(64, 96, 3, 8), 96 * 8**2, branch2),
        Stage(rest, 10, linear(128, 10)),
    ]


def branchynet_resnet110() -> list[Stage]:
    """B-ResNet on 32x32: branches after the first convolution and after the first 18 residual blocks."""

    def block(channels: int, filters: int, size: int) -> Layers:
        return conv(channels, filters, 3, size, batch_norm=True) + conv(filters, filters, 3, size, batch_norm=True)

    def group(channels: int, filters: int, size: int) -> Layers:
        layers = block(channels, filters, size)
        for _ in range(17):
            layers += block(filters, filters, size)
        return layers

    branch1 = conv(16, 64, 5, 30) + conv(64, 32, 3, 30) + conv(32, 32, 3, 30) + linear(28_800, 10)
    branch2 = block(16, 16, 30) + linear(14_400, 10)
    return [
        Stage(conv(3, 16, 3, 30, batch_norm=True), 16 * 30**2, branch1),
        Stage(group(16, 16, 30), 16 * 30**2, branch2),
        Stage(group(16, 32, 15) + group(32, 64, 8), 10, linear(576, 10)),
    ]


def resnet50() -> Layers:
    """ResNet-50 (torchvision, stride in the 3x3 convolution) on 224x224: 4.09 GMAC."""
    layers, channels = conv(3, 64, 7, 112, batch_norm=True, bias=False), 64
    for filters, blocks, size in ((64, 3, 56), (128, 4, 28), (256, 6, 14), (512, 3, 7)):
        for number in range(blocks):
            first = size * 2 if number == 0 and filters > 64 else size
            layers += conv(channels, filters, 1, first, batch_norm=True, bias=False)
            layers += conv(filters, filters, 3, size, batch_norm=True, bias=False)
            layers += conv(filters, 4 * filters, 1, size, batch_norm=True, bias=False)
            if number == 0:
                layers += conv(channels, 4 * filters, 1, size, batch_norm=True, bias=False)
            channels = 4 * filters
    return layers + linear(2048, 1000)
