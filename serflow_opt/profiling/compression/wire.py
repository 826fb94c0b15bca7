"""What crosses a cut, as bytes: the activation of one request in, a message out, and the way back.

Both ends run the same network, so the shape at a cut is known to both and does not travel. Whatever else the receiver
needs is in the message and counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

FP32_BYTES = 4


class Code(Protocol):
    """A way to send the activation of one request, with its batch dimension of 1."""

    @property
    def encode_flops(self) -> int:
        """Operations of the sender, FLOP a request."""

    @property
    def decode_flops(self) -> int:
        """Operations of the receiver, FLOP a request."""

    def encode(self, activation: Tensor) -> bytes:
        """Return the message."""

    def decode(self, message: bytes) -> Tensor:
        """Return the activation, as far as it can be rebuilt."""


@dataclass(frozen=True, slots=True)
class Raw:
    """The values as they are, fp32, little end first.

    Attributes
    ----------
    shape
        Of the activation, batch dimension included.
    """

    shape: tuple[int, ...]
    encode_flops: int = 0
    decode_flops: int = 0

    def encode(self, activation: Tensor) -> bytes:
        """Return 4 bytes a value."""
        return values(activation).tobytes()

    def decode(self, message: bytes) -> Tensor:
        """Return the same tensor, bit for bit."""
        return tensor(np.frombuffer(message, "<f4"), self.shape)


def values(activation: Tensor) -> NDArray[np.float32]:
    """Return the activation's values in order, as a vector in main memory."""
    return activation.detach().cpu().numpy().astype("<f4", copy=False).ravel()


def tensor(vector: NDArray[np.float32], shape: tuple[int, ...]) -> Tensor:
    """Return a copy of the vector in the shape of the activation."""
    return torch.from_numpy(vector.astype(np.float32).reshape(shape))
