"""An attacker's decoder: learns to rebuild the input from what crosses a cut (model inversion, survey 2.1.2).

The attacker knows pairs of activations and inputs that are disjoint from what trained the network and from what is
measured, and sees activations as they cross, protection included. What the decoder reaches is a floor on the leak:
an attacker with more data, capacity or time does at least as well.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from serflow_opt.errors import InputError, Problem
from serflow_opt.profiling.privacy.protection import Protection

COARSE = 8
"""Flat activations start as a feature map of at most this many pixels a side."""
WARM_UP = 0.1
"""Share of the steps in which the step size rises from 0; without it some seeds never leave the mean image."""


@dataclass(frozen=True, slots=True)
class Attack:
    """How the decoder is trained.

    Attributes
    ----------
    epochs, batch, learning_rate
        Passes over the attacker's data; inputs a step; largest step size of Adam, which rises linearly over the first
        tenth of the steps and falls to 0 along a half cosine.
    width
        Channels of each hidden layer of a decoder of images; 8 times as many values in one of vectors.
    """

    epochs: int = 12
    batch: int = 16
    learning_rate: float = 3e-3
    width: int = 32


class Whitening(nn.Module):
    """Centres activations and gives their channels equal spread and no correlation.

    Training against distance correlation lets few directions outweigh all others; those still hold the input, and
    a decoder that starts from whitened channels finds it where one that does not takes many more steps.

    Parameters
    ----------
    activations
        The attacker's. Channels (of vectors: values) whose number exceeds a quarter of the places they are known at
        are scaled by one number instead, for want of data.
    """

    mean: Tensor
    matrix: Tensor

    def __init__(self, activations: Tensor) -> None:
        super().__init__()
        mean = activations.mean(dim=0)
        places = (activations - mean).movedim(1, -1).flatten(0, -2).double()
        variances, directions = places.square().mean().view(1), places.new_ones(1, 1)
        if 4 * places.shape[1] <= places.shape[0]:
            variances, directions = torch.linalg.eigh(places.T @ places / len(places))
        largest = variances.amax()
        scales = torch.where(largest > 0, variances.clamp_min(1e-4 * largest), 1).rsqrt()
        self.register_buffer("mean", mean)
        self.register_buffer("matrix", (directions * scales @ directions.T).to(activations.dtype))

    def forward(self, activations: Tensor) -> Tensor:
        """Return activations of the same shape."""
        centred = activations - self.mean
        if len(self.matrix) == 1:
            return centred * self.matrix.squeeze()
        return torch.einsum("ij,bj...->bi...", self.matrix, centred)


class Decoder(nn.Module):
    """Rebuilds inputs: the attacker's mean input plus what a network reads from the whitened activation.

    Parameters
    ----------
    activations, inputs
        The attacker's data, activations as they cross.
    width
        See `Attack`.
    """

    mean_input: Tensor

    def __init__(self, activations: Tensor, inputs: Tensor, width: int) -> None:
        super().__init__()
        body = decoder_body(tuple(activations.shape[1:]), tuple(inputs.shape[1:]), width)
        self.body = nn.Sequential(Whitening(activations), body)
        self.low, self.high = float(inputs.min()), float(inputs.max())
        self.register_buffer("mean_input", inputs.mean(dim=0))

    def forward(self, activations: Tensor) -> Tensor:
        """Return inputs as the loss sees them, not yet held to the range of the attacker's inputs."""
        answer: Tensor = self.mean_input + self.body(activations)
        return answer

    @torch.no_grad()
    def rebuild(self, activations: Tensor, batch: int = 256) -> Tensor:
        """Return the reconstructions, each value within the range of the attacker's inputs."""
        return torch.cat([self(part).clamp(self.low, self.high) for part in activations.split(batch)])


def decoder_body(activation: tuple[int, ...], target: tuple[int, ...], width: int) -> nn.Module:
    """Return a network from activations to inputs, shapes without the batch.

    Images (channels x height x width) come from feature maps by 3x3 convolutions that double the size until the
    target's is reached: sub-pixel convolutions, which upsample inside the convolution (Shi et al., 2016). Larger maps
    are folded into channels first, so that the work is done at half the target's size. Any other activation first
    passes a linear layer that makes a map of at most 8x8. Vectors come from two hidden layers.

    Parameters
    ----------
    activation, target
        Shapes of what crosses the cut and of an input.
    width
        Channels of the convolutions; hidden layers for vectors are 8 times as wide.
    """
    if len(target) != 3:
        hidden = 8 * width
        layers = [nn.Flatten(), nn.Linear(math.prod(activation), hidden), nn.ReLU(), nn.Linear(hidden, hidden)]
        return nn.Sequential(*layers, nn.ReLU(), nn.Linear(hidden, math.prod(target)), nn.Unflatten(1, target))
    channels, height, breadth = target

    def grid(halvings: int) -> tuple[int, int]:
        return -(-height // 2**halvings), -(-breadth // 2**halvings)

    halvings = 1
    head: list[nn.Module]
    if len(activation) == 3 and activation[1:] != (1, 1):
        folds = 0
        while any(-(-side // 2**folds) > most for side, most in zip(activation[1:], grid(1), strict=True)):
            folds += 1
        rows, columns = (-(-side // 2**folds) for side in activation[1:])
        while grid(halvings) != (1, 1) and rows <= grid(halvings + 1)[0] and columns <= grid(halvings + 1)[1]:
            halvings += 1
        head = [Frame(rows * 2**folds, columns * 2**folds), nn.PixelUnshuffle(2**folds), Frame(*grid(halvings))]
        head.append(nn.Conv2d(activation[0] * 4**folds, width, 3, padding=1))
    else:
        while max(grid(halvings)) > COARSE:
            halvings += 1
        size = (width, *grid(halvings))
        head = [nn.Flatten(), nn.Linear(math.prod(activation), math.prod(size)), nn.Unflatten(1, size)]
    doublings: list[nn.Module] = []
    for step in range(halvings - 1, 0, -1):
        doublings += [nn.ReLU(), nn.Conv2d(width, 4 * width, 3, padding=1), nn.PixelShuffle(2), Frame(*grid(step))]
    tail = [nn.ReLU(), nn.Conv2d(width, width, 3, padding=1), nn.ReLU(), nn.Conv2d(width, 4 * channels, 3, padding=1)]
    return nn.Sequential(*head, *doublings, *tail, nn.PixelShuffle(2), Frame(height, breadth))


class Frame(nn.Module):
    """Pads with zeros around, or crops at the end, to a height and width.

    Zeros around put a map that unpadded convolutions have shrunk back where its values came from.
    """

    def __init__(self, height: int, width: int) -> None:
        super().__init__()
        self.height, self.width = height, width

    def forward(self, maps: Tensor) -> Tensor:
        """Return maps of that size."""
        missing = max(self.height - maps.shape[-2], 0), max(self.width - maps.shape[-1], 0)
        top, left = missing[0] // 2, missing[1] // 2
        padded = functional.pad(maps, (left, missing[1] - left, top, missing[0] - top))
        return padded[..., : self.height, : self.width]


def check_inputs(inputs: Tensor) -> None:
    """Raise InputError where inputs cannot be rebuilt by regression."""
    if not inputs.is_floating_point():
        found = f"inputs of type {str(inputs.dtype).removeprefix('torch.')}, for instance token numbers"
        cure = "privacy is measured for images and vectors of real numbers: leave it out for this network"
        raise InputError([Problem("", "privacy", found, cure)])


def train_decoder(
    activations: Tensor, inputs: Tensor, protect: Protection, settings: Attack = Attack(), *, seed: int = 0
) -> Decoder:
    """Fit a decoder to the attacker's data; the same seed, data and threads give the same weights.

    Parameters
    ----------
    activations
        What crosses for each input before protection, N x shape.
    inputs
        N images or vectors.
    protect
        Applied to each batch anew, so every epoch sees fresh noise.
    settings
        Epochs, batch, step size and capacity.
    seed
        Draws the first weights, the order of the data and the noise.

    Raises
    ------
    InputError
        When the inputs are not real numbers.
    """
    check_inputs(inputs)
    noise = torch.Generator(activations.device).manual_seed(seed)
    order = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        decoder = Decoder(protect(activations, noise), inputs, settings.width).to(inputs.device)
    optimiser = torch.optim.Adam(decoder.parameters(), lr=settings.learning_rate)
    steps = max(1, settings.epochs * -(-len(inputs) // settings.batch))

    def share(step: int) -> float:
        return min(1.0, (step + 1) / (WARM_UP * steps)) * (1 + math.cos(math.pi * step / steps)) / 2

    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, share)
    for _ in range(settings.epochs):
        for rows in torch.randperm(len(inputs), generator=order).split(settings.batch):
            loss = functional.mse_loss(decoder(protect(activations[rows], noise)), inputs[rows])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    return decoder
