"""A linear auto-encoder at a cut: the sender keeps a few mixtures of the channels, the receiver mixes them back.

Encoder and decoder are 1x1 convolutions on images (C x H x W), linear layers on vectors (C) and on every token of a
sequence (T x C): C channels to w and back, the bottleneck of Shao et al. (survey [138]) and Yao et al. (survey [170])
without their further layers; survey 3.1.3. What crosses is the encoder's output in fp32, w / C of the bytes.

It starts as the best linear map by squared error, the first w principal components of the channels (Baldi and Hornik,
*Neural Networks* 2, 1989), and is trained with the network frozen to minimise

    L = MSE(x', x) / Var  +  ω · mean_k CE(logits of classifier k behind the cut, given x')

with x' = decoder(encoder(x)) and Var the mean over the channels of their variances. The first term alone would spend
channels on what no classifier looks at.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from serflow_opt.profiling.compression.wire import tensor, values
from serflow_opt.profiling.measure.training import batches

if TYPE_CHECKING:
    from serflow_opt.profiling.data.parts import Labelled
    from serflow_opt.profiling.stages.network import MultiExit

IMAGE, SEQUENCE, VECTOR = 3, 2, 1
"""Dimensions of an activation without the batch."""


def channels(shape: Sequence[int]) -> int:
    """Return C of an activation's shape without the batch: first of an image, last of a vector or a sequence."""
    return shape[0] if len(shape) == IMAGE else shape[-1]


def widths_for(shape: Sequence[int], shares: Sequence[float]) -> list[int]:
    """Return the numbers of channels kept for some shares of C: at least 1, below C, none twice.

    Other shapes than those of images, sequences and vectors have none.
    """
    if len(shape) not in (IMAGE, SEQUENCE, VECTOR):
        return []
    count = channels(shape)
    return [w for w in dict.fromkeys(max(1, round(share * count)) for share in shares) if w < count]


class Bottleneck(nn.Module):
    """Encoder and decoder between two stages; a `Code` for one request.

    Parameters
    ----------
    shape
        Of the activation, without the batch.
    width
        w, channels that cross.
    """

    def __init__(self, shape: Sequence[int], width: int) -> None:
        super().__init__()
        self.shape, self.width = tuple(shape), width
        self.encoder = _mixture(len(shape), channels(shape), width)
        self.decoder = _mixture(len(shape), width, channels(shape))

    def forward(self, activation: Tensor) -> Tensor:
        """Return what the receiver sees, batch first."""
        rebuilt: Tensor = self.decoder(self.encoder(activation))
        return rebuilt

    @torch.inference_mode()
    def encode(self, activation: Tensor) -> bytes:
        """Return the encoder's output, 4 bytes a value."""
        return values(self.encoder(activation)).tobytes()

    @torch.inference_mode()
    def decode(self, message: bytes) -> Tensor:
        """Return the decoder's output."""
        received = tensor(np.frombuffer(message, "<f4"), self._crossing)
        rebuilt: Tensor = self.decoder(received.to(next(self.parameters()).device))
        return rebuilt

    @property
    def encode_flops(self) -> int:
        """Operations of the encoder as PyTorch counts them, FLOP a request."""
        return self._count(self.encoder, (1, *self.shape))

    @property
    def decode_flops(self) -> int:
        """Operations of the decoder as PyTorch counts them, FLOP a request."""
        return self._count(self.decoder, self._crossing)

    @property
    def _crossing(self) -> tuple[int, ...]:
        axis = 0 if len(self.shape) == IMAGE else len(self.shape) - 1
        return (1, *self.shape[:axis], self.width, *self.shape[axis + 1 :])

    def _count(self, module: nn.Module, shape: tuple[int, ...]) -> int:
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            module(torch.zeros(shape, device=next(self.parameters()).device))
        return int(counter.get_total_flops())

    @torch.no_grad()
    def start(self, mean: Tensor, covariance: Tensor) -> None:
        """Set the weights to the principal components of channels with this mean (C) and covariance (C x C)."""
        components = torch.linalg.eigh(covariance).eigenvectors[:, -self.width :]
        for layer, weight, bias in (
            (self.encoder, components.T, -components.T @ mean),
            (self.decoder, components, mean),
        ):
            layer.load_state_dict({"weight": weight.reshape(layer.weight.shape), "bias": bias})


def train_bottleneck(
    network: MultiExit,
    cut: int,
    data: Labelled,
    width: int,
    *,
    epochs: int = 2,
    batch: int = 64,
    learning_rate: float = 1e-2,
    classifier_weight: float = 1.0,
    seed: int = 0,
) -> Bottleneck:
    """Fit a bottleneck behind stage `cut`; the same seed, data and threads give the same weights.

    Parameters
    ----------
    network
        Does not learn, and is left in evaluation mode.
    cut
        0..M-1: stages before it.
    data
        At least one input.
    width
        w, channels that cross.
    epochs, batch, learning_rate
        Passes over the data (0: the principal components as they are), inputs a step, and peak step size of Adam,
        which falls to zero along a half cosine.
    classifier_weight
        ω.
    seed
        Draws the order of the data.
    """
    network.eval()
    shape, mean, covariance = _moments(network, cut, data)
    code = Bottleneck(shape, width).to(data.inputs.device)
    code.start(mean, covariance)
    variance = float(covariance.diagonal().mean()) or 1.0
    optimiser = torch.optim.Adam(code.parameters(), lr=learning_rate)
    steps = epochs * -(-len(data) // batch)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, max(steps, 1))
    generator = torch.Generator().manual_seed(seed)
    with _frozen(network):
        for _ in range(epochs):
            for part in batches(data, batch, generator):
                with torch.no_grad():
                    sent = network.until(cut, part.inputs)
                rebuilt = code(sent)
                answers = network.after(cut, rebuilt)
                wrong = torch.stack([functional.cross_entropy(logits, part.labels) for logits in answers]).mean()
                loss = functional.mse_loss(rebuilt, sent) / variance + classifier_weight * wrong
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                schedule.step()
    return code.eval()


@torch.inference_mode()
def _moments(network: MultiExit, cut: int, data: Labelled) -> tuple[tuple[int, ...], Tensor, Tensor]:
    """Return the shape of an activation, and mean and covariance of its channels, in double precision."""
    shape: tuple[int, ...] = ()
    sums: list[Tensor] = []
    count = 0
    for part in batches(data, 256):
        sent = network.until(cut, part.inputs)
        shape = tuple(sent.shape[1:])
        vectors = (sent.movedim(1, -1) if len(shape) == IMAGE else sent).reshape(-1, channels(shape)).double()
        count += len(vectors)
        more = [vectors.sum(dim=0), vectors.T @ vectors]
        sums = [a + b for a, b in zip(sums, more, strict=True)] if sums else more
    mean = sums[0] / count
    return shape, mean, sums[1] / count - mean.outer(mean)


def _mixture(dimensions: int, into: int, out: int) -> nn.Conv2d | nn.Linear:
    """Return a map from channels to channels, its weights not drawn: they are set before they are used."""
    if dimensions == IMAGE:
        return nn.Conv2d(into, out, 1, device="meta").to_empty(device="cpu")
    return nn.Linear(into, out, device="meta").to_empty(device="cpu")


@contextmanager
def _frozen(network: nn.Module) -> Iterator[None]:
    """Let no weight of the network gather gradients."""
    learning = [parameter for parameter in network.parameters() if parameter.requires_grad]
    for parameter in learning:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in learning:
            parameter.requires_grad_(True)
