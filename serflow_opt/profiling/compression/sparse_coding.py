"""Lossless coding: what a ReLU set to zero need not be sent whole (survey 3.1.3, "heuristic" in Table 9).

`Sparse` sends one bit a value that says whether it is zero, and the values that are not. `Deflated` runs any message
through deflate (RFC 1951), which finds repeated bytes of every kind. Both give back every bit: -0 has a bit set and is
sent as a value. They do no floating-point arithmetic; what they cost is time.
"""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from serflow_opt.profiling.compression.wire import Code, tensor, values

DEFLATE_LEVEL = 6
"""zlib's own default, 1 (fast) to 9 (small)."""


@dataclass(frozen=True, slots=True)
class Sparse:
    """A bitmap of the values that are not zero, the first in the highest bit, then those values, fp32.

    Attributes
    ----------
    shape
        Of the activation, batch dimension included.
    """

    shape: tuple[int, ...]
    encode_flops: int = 0
    decode_flops: int = 0

    def encode(self, activation: Tensor) -> bytes:
        """Return ceil(values / 8) bytes and 4 for each value that is not zero."""
        vector = values(activation)
        filled: NDArray[np.bool_] = vector.view(np.uint32) != 0
        return np.packbits(filled).tobytes() + vector[filled].tobytes()

    def decode(self, message: bytes) -> Tensor:
        """Return the same tensor, bit for bit."""
        count = math.prod(self.shape)
        bitmap, rest = message[: -(-count // 8)], message[-(-count // 8) :]
        filled = np.unpackbits(np.frombuffer(bitmap, np.uint8), count=count).astype(bool)
        vector = np.zeros(count, np.float32)
        vector[filled] = np.frombuffer(rest, "<f4")
        return tensor(vector, self.shape)


@dataclass(frozen=True, slots=True)
class Deflated:
    """Another code's messages, deflated; zlib's frame of 6 bytes is counted.

    Attributes
    ----------
    inner
        What is deflated.
    """

    inner: Code

    @property
    def encode_flops(self) -> int:
        """Operations of the inner code, FLOP a request."""
        return self.inner.encode_flops

    @property
    def decode_flops(self) -> int:
        """Operations of the inner code, FLOP a request."""
        return self.inner.decode_flops

    def encode(self, activation: Tensor) -> bytes:
        """Return the deflated message."""
        return zlib.compress(self.inner.encode(activation), DEFLATE_LEVEL)

    def decode(self, message: bytes) -> Tensor:
        """Return what the inner code makes of its message."""
        return self.inner.decode(zlib.decompress(message))
