"""A tiny network whose activations are compressed."""

from __future__ import annotations

import torch
from torch import nn

from serflow_opt.problem.compression_table import CompressionRow
from serflow_opt.profiling.data.parts import DataParts, Labelled
from serflow_opt.profiling.stages.network import MultiExit


def tiny_network() -> MultiExit:
    torch.manual_seed(0)
    stages = [
        nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.ReLU()),
        nn.Sequential(nn.Flatten(), nn.Linear(4 * 16, 8), nn.ReLU()),
        nn.Linear(8, 3),
    ]
    return MultiExit(stages, {2: nn.Linear(8, 3)}).eval()


def tiny_parts(measured: int = 30) -> DataParts:
    generator = torch.Generator().manual_seed(5)

    def part(size: int) -> Labelled:
        return Labelled(torch.rand(size, 1, 4, 4, generator=generator), torch.arange(size) % 3)

    return DataParts(part(20), part(10), part(3), part(measured))


def find(rows: list[CompressionRow], cut: int, method: str, width: float | None = None) -> CompressionRow:
    return next(row for row in rows if (row.cut, row.method) == (cut, method) and width in (None, row.width))
