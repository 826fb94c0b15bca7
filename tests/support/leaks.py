"""A tiny network whose leaks are measured, and tables of leaks."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from serflow_opt.profiling.data.parts import DataParts, Labelled
from serflow_opt.profiling.measure.training import TrainingSettings
from serflow_opt.profiling.privacy.inversion import Attack
from serflow_opt.profiling.privacy.measure import PrivacyMeasurement, measure_privacy
from serflow_opt.profiling.stages.network import MultiExit

MARK = 0.75
"""Value of a corner pixel that only measured images have."""


def parts() -> DataParts:
    """Noise whose left or right half is brighter by class; the corner tells measured images from others."""
    generator = torch.Generator().manual_seed(0)
    drawn = []
    for name, count in zip(DataParts._fields, (48, 16, 32, 40), strict=True):
        labels = torch.arange(count) % 2
        inputs = torch.rand(count, 1, 8, 8, generator=generator) * 0.5
        inputs[labels == 0, :, :, :4] += 0.4
        inputs[labels == 1, :, :, 4:] += 0.4
        inputs[:, 0, 0, 0] = MARK if name == "measured" else 0.0
        drawn.append(Labelled(inputs, labels))
    return DataParts(*drawn)


def network() -> MultiExit:
    torch.manual_seed(0)
    first = nn.Sequential(nn.Conv2d(1, 3, 3, padding=1), nn.BatchNorm2d(3), nn.ReLU(), nn.MaxPool2d(2))
    return MultiExit([first, nn.Sequential(nn.Flatten(), nn.Dropout(0.2), nn.Linear(48, 2))])


def measure(seeds: Sequence[int] = (0,), **settings: object) -> PrivacyMeasurement:
    chosen: dict[str, object] = {"epsilons": (50.0, 2.0), "weights": (1.0,), "attack": Attack(epochs=1, width=4)}
    tuning = TrainingSettings(epochs=1, batch=16)
    return measure_privacy(network(), parts(), seeds=seeds, tuning=tuning, **{**chosen, **settings})  # type: ignore[arg-type]
