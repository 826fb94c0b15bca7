"""Make what crosses a cut tell less of the input: clipping with Laplace noise, or training against the leak."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Generator, Tensor

from serflow_opt.profiling.data.parts import Labelled
from serflow_opt.profiling.measure.training import TrainingSettings, train
from serflow_opt.profiling.privacy.similarity import distance_correlation
from serflow_opt.profiling.stages.network import MultiExit

CLIP_OPERATIONS = 3
"""Elementwise operations a value: absolute value, running maximum, scaling."""
NOISE_OPERATIONS = 4
"""Elementwise operations a value: a uniform draw, its logarithm, sign with scale, the sum."""


class Protection(Protocol):
    """What a batch of activations becomes before it crosses; random ones draw from the generator."""

    def __call__(self, activations: Tensor, generator: Generator) -> Tensor: ...


def unprotected(activations: Tensor, generator: Generator) -> Tensor:
    """Return the activations as they are."""
    return activations


@dataclass(frozen=True, slots=True)
class ClipAndNoise:
    """Clip the whole activation of a request, then add Laplace noise to every value (survey 3.2.1).

    x' = x / max(1, ‖x‖∞ / C) keeps each value within ±C, so replacing the request by another moves a value by at
    most 2C, its sensitivity. Noise of scale b = 2C / ε then makes each value ε-differentially private. ε is the
    budget of one value: by composition a hand-over of d values spends d ε, so for the ε that leave a network useful
    the guarantee on a whole request is weak, and what protects is what the attack measures. It is applied at
    inference; the network is not trained for it. The draws are floating-point numbers: good to measure with, not a
    hardened sampler (Mironov, *On significance of the least significant bits for differential privacy*, 2012).

    Attributes
    ----------
    epsilon
        Privacy budget of one value, ε > 0.
    clip
        Bound C > 0 on the largest absolute value of an activation.
    """

    epsilon: float
    clip: float

    @property
    def scale(self) -> float:
        """Scale b of the noise; its standard deviation is √2 b."""
        return 2 * self.clip / self.epsilon

    def __call__(self, activations: Tensor, generator: Generator) -> Tensor:
        """Clip each row and add noise."""
        clipped = clip(activations, self.clip)
        return clipped + laplace(clipped, self.scale, generator)

    @staticmethod
    def operations(values: int) -> int:
        """Return the elementwise operations of a hand-over of `values` values, seven for each.

        A random draw and a logarithm count as one operation each; the few operations a request, whatever its
        size, are left out.
        """
        return (CLIP_OPERATIONS + NOISE_OPERATIONS) * values


def largest_values(activations: Tensor) -> Tensor:
    """Return ‖x‖∞ of each row, N."""
    return activations.flatten(1).abs().amax(dim=1)


def clip(activations: Tensor, bound: float) -> Tensor:
    """Scale each row so that no value exceeds the bound: x / max(1, ‖x‖∞ / bound)."""
    divisors = (largest_values(activations) / bound).clamp_min(1)
    return activations / divisors.view(-1, *[1] * (activations.dim() - 1))


def laplace(like: Tensor, scale: float, generator: Generator) -> Tensor:
    """Draw Laplace noise of a tensor's shape, by the inverse of the distribution function: -b sgn(u) ln(1 - 2 |u|).

    A uniform draw has 24 bits in single precision, so no value exceeds 17 b; beyond lie 6e-8 of the distribution.

    Parameters
    ----------
    like
        Has the shape, type and device that the noise gets.
    scale
        b, in the unit of the activations.
    generator
        On the same device.
    """
    u = torch.rand(like.shape, dtype=like.dtype, device=like.device, generator=generator) - 0.5
    most = 1 - torch.finfo(like.dtype).eps / 2  # the largest number below 1: at 1 the logarithm has no value
    return -scale * u.sign() * torch.log1p(-(2 * u.abs()).clamp_max(most))


def train_against_leak(
    network: MultiExit, data: Labelled, cut: int, weight: float, settings: TrainingSettings
) -> MultiExit:
    """Return a copy of the network after more epochs in which the input shall not show in what crosses the cut.

    The loss is the joint cross-entropy of the exits plus weight x distance correlation of the batch's inputs and
    activations (survey 3.2.2; Vepakomma et al., *NoPeek*, 2020). Serving costs nothing more. Temperatures stay.

    Parameters
    ----------
    cut
        Stages before the hand-over, at least 1: nothing is learnt before cut 0.
    settings
        Its seed draws the order of the data and what dropout leaves out.
    """

    def leak(student: MultiExit, inputs: Tensor) -> Tensor:
        return weight * distance_correlation(inputs, student.until(cut, inputs))

    student = deepcopy(network)
    with torch.random.fork_rng():
        torch.manual_seed(settings.seed)  # dropout draws from the global generator
        train(student, data, settings, penalty=leak)
    return student
