"""Attach classifiers to the stages of a network that has none."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from serflow_opt.errors import InputError, Problem
from serflow_opt.profiling.stages.network import MultiExit, stage_shapes


class MaxAndMean(nn.Module):
    """Reduce each channel to its largest value and its mean: N x C x H x W to N x 2C."""

    def forward(self, x: Tensor) -> Tensor:
        """Return the C largest values, then the C means."""
        return torch.cat([x.amax(dim=(2, 3)), x.mean(dim=(2, 3))], dim=1)


class MeanOverTokens(nn.Module):
    """Average the vectors of a sequence: N x T x C to N x C."""

    def forward(self, x: Tensor) -> Tensor:
        """Return the mean over T."""
        return x.mean(dim=1)


def attach(stages: Sequence[nn.Module], example: Tensor, classes: int, at: Sequence[int] | None = None) -> MultiExit:
    """Give stages a classifier each: what the stage hands on, reduced to one vector, and one linear layer.

    Pictures are reduced to the maximum and the mean of each channel (Kaya et al., *Shallow-Deep Networks*, ICML 2019,
    section 4, mix the two poolings in learnt shares; here the linear layer weighs them), sequences to the mean over
    their tokens, vectors are taken as they are. The weights are drawn from PyTorch's global generator, to be learnt
    by `training.train(..., frozen=True)`.

    Parameters
    ----------
    stages
        M modules, each taking what the one before hands on. They are shared, not copied, and put in evaluation mode.
    example
        A batch of inputs.
    classes
        Number of classes K.
    at
        Stages 1..M to attach to; all but the last by default.

    Raises
    ------
    InputError
        When a stage to attach to does not exist or hands on another shape, or a last stage without a classifier does
        not give K numbers.
    """
    count = len(stages)
    chosen = range(1, count) if at is None else sorted(set(at))
    problems = [
        Problem("", f"stage {stage}", f"does not exist, the stages are 1..{count}", "attach classifiers to those")
        for stage in chosen
        if not 1 <= stage <= count
    ]
    if problems:
        raise InputError(problems)
    shapes = stage_shapes(MultiExit(stages).eval(), example)
    exits: dict[int, nn.Module] = {}
    for stage in chosen:
        if (head := classifier(shapes[stage], classes)) is None:
            cure = "attach to stages that hand on a vector, a sequence of vectors or a picture with channels"
            problems.append(Problem("", f"stage {stage}", f"hands on one input as {shapes[stage]}", cure))
        else:
            exits[stage] = head
    if count not in chosen and shapes[count] != (classes,):
        found = f"gives one input as {shapes[count]}, not {classes} logits"
        cure = f"end the network with a layer for {classes} classes, or attach a classifier to its last stage too"
        problems.append(Problem("", f"stage {count}", found, cure))
    if problems:
        raise InputError(problems)
    return MultiExit(stages, exits).eval()


def classifier(shape: tuple[int, ...], classes: int) -> nn.Sequential | None:
    """Return a classifier of activations of this shape (without the batch); None when there is no rule for it."""
    match shape:
        case (channels, _, _):
            return nn.Sequential(MaxAndMean(), nn.Linear(2 * channels, classes))
        case (_, channels):
            return nn.Sequential(MeanOverTokens(), nn.Linear(channels, classes))
        case (channels,):
            return nn.Sequential(nn.Linear(channels, classes))
    return None
