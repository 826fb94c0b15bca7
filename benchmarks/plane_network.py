"""The network of the data plane: the shipped digits network, which looks at each digit from many sides.

A digit is shifted by up to so many pixels, all views go through the shipped stages together, and a classifier answers
by the mean of its softmax over the views: test-time augmentation, with exits. It makes a request worth milliseconds of
a processor, where one view takes less than HTTP does.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from serflow_opt.problem.loader import shipped_folder
from serflow_opt.profiling.data.digits import mnist_digits
from serflow_opt.profiling.data.parts import Labelled, split
from serflow_opt.profiling.data.sources import load_network
from serflow_opt.profiling.stages.network import MultiExit

SHIFT = 3
"""Pixels to each side: 49 views."""


class ShiftedViews(nn.Module):
    """Views of each input, N x 1 x 28 x 28, as N x views x 1 x 28 x 28, through a stage."""

    def __init__(self, stage: nn.Module, shift: int) -> None:
        super().__init__()
        self.stage, self.shift = stage, shift

    def forward(self, x: Tensor) -> Tensor:
        """Shift, and run the stage on all views."""
        steps = range(-self.shift, self.shift + 1)
        moves = [(a, b) for a in steps for b in steps]
        views = torch.stack([torch.roll(x, move, dims=(2, 3)) for move in moves], dim=1)
        return self.stage(views.flatten(0, 1)).unflatten(0, views.shape[:2])


class OnViews(nn.Module):
    """A stage that runs on all views."""

    def __init__(self, stage: nn.Module) -> None:
        super().__init__()
        self.stage = stage

    def forward(self, x: Tensor) -> Tensor:
        """Run it."""
        return self.stage(x.flatten(0, 1)).unflatten(0, x.shape[:2])


class MeanOverViews(nn.Module):
    """A classifier that answers by the mean of its softmax over the views."""

    def __init__(self, classifier: nn.Module) -> None:
        super().__init__()
        self.classifier = classifier

    def forward(self, x: Tensor) -> Tensor:
        """Return logarithms of means, whose softmax are the means."""
        logits = self.classifier(x.flatten(0, 1)).unflatten(0, x.shape[:2])
        return torch.softmax(logits, dim=2).mean(dim=1).log()


def viewed(shift: int = SHIFT) -> MultiExit:
    """Return the network, with the shipped weights, and views shifted by up to so many pixels."""
    plain = load_network(
        "digits", seed=0, data=None, classes=10, most=None, weights=shipped_folder() / "digits" / "network.pt"
    ).network
    first, *others = plain.stages
    stages = [ShiftedViews(first, shift), *(OnViews(stage) for stage in others)]
    last = len(stages)
    exits = {stage: MeanOverViews(classifier) for stage, classifier in plain.exits.items()}
    exits[last] = MeanOverViews(nn.Identity())
    return MultiExit(stages, exits).eval()


def digits() -> Labelled:
    """Return the digits that nothing was fitted to, half of which make the exit tables."""
    return split(mnist_digits()).measured
