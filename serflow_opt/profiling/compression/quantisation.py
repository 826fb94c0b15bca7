"""Uniform affine quantisation: each value becomes one of 2^b steps of a range fixed in advance.

q = clip(round((x - low) / step), 0, 2^b - 1) and x' = low + step q, with step = (high - low) / (2^b - 1): one range a
tensor, as in Jacob et al., *Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only
Inference*, CVPR 2018, section 3; survey 3.1.3. They also move the range until 0 is one of the steps; nothing is
computed on q here, so the range stays as it is (behind a ReLU low = 0, and zeros stay zeros). Within the range an
error is at most step / 2; values outside it go to its ends.

A message is 9 bytes, b (1 byte), low and step (fp32), and then the q, 8 / b of them a byte, the first in the highest
bits; what is left of the last byte is zero.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from serflow_opt.profiling.compression.wire import tensor, values

BITS = (1, 2, 4, 8)
"""Bits a value that fill bytes evenly."""
CLIPPED = (0.0, 0.001, 0.003, 0.01, 0.03)
"""Shares of the calibration data's values that may lie beyond either end of the range; 0: least to greatest."""
HEADER = struct.Struct("<Bff")
ENCODE_OPERATIONS = 3
"""FLOP a value: subtract, divide, round. Clipping compares and packing shifts; neither is counted."""
DECODE_OPERATIONS = 2
"""FLOP a value: multiply, add."""


@dataclass(frozen=True, slots=True)
class Quantiser:
    """Quantisation with a range.

    Attributes
    ----------
    bits
        b: 1, 2, 4 or 8.
    low, high
        Ends of the range.
    shape
        Of the activation, batch dimension included.

    Raises
    ------
    ValueError
        When b is another number, or the range is not finite or upside down.
    """

    bits: int
    low: float
    high: float
    shape: tuple[int, ...]

    def __post_init__(self) -> None:
        if self.bits not in BITS:
            raise ValueError(f"{self.bits} bits; {', '.join(map(str, BITS))} fill bytes evenly")
        if not -math.inf < self.low <= self.high < math.inf:
            raise ValueError(f"no range to quantise: {self.low} to {self.high}")

    @property
    def _top(self) -> int:
        return int(2**self.bits) - 1

    @property
    def step(self) -> float:
        """Distance of neighbouring steps; 0 when the range is one value."""
        return (self.high - self.low) / self._top

    @property
    def encode_flops(self) -> int:
        """Operations of the sender, by the convention of `ENCODE_OPERATIONS`, FLOP a request."""
        return ENCODE_OPERATIONS * math.prod(self.shape)

    @property
    def decode_flops(self) -> int:
        """Operations of the receiver, by the convention of `DECODE_OPERATIONS`, FLOP a request."""
        return DECODE_OPERATIONS * math.prod(self.shape)

    def encode(self, activation: Tensor) -> bytes:
        """Return the message; infinities go to the ends of the range.

        Raises
        ------
        ValueError
            When a value is NaN.
        """
        vector = values(activation)
        if np.isnan(vector).any():
            raise ValueError("NaN cannot be quantised")
        return HEADER.pack(self.bits, self.low, self.step) + pack(self.numbers(vector), self.bits)

    def decode(self, message: bytes) -> Tensor:
        """Return the steps' values."""
        bits, low, step = HEADER.unpack_from(message)
        numbers = unpack(message[HEADER.size :], bits, math.prod(self.shape))
        return tensor(_step_values(numbers, low, step), self.shape)

    def numbers(self, vector: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Return q of each value."""
        low, step = np.float32(self.low), np.float32(self.step)  # as the receiver will see them
        if not step:
            return np.zeros(len(vector), np.uint8)
        numbers: NDArray[np.uint8] = np.rint((vector - low) / step).clip(0, self._top).astype(np.uint8)
        return numbers

    def squared_error(self, vector: NDArray[np.float32]) -> float:
        """Return the mean of (x' - x)²."""
        error = _step_values(self.numbers(vector), self.low, self.step) - vector
        return float(np.square(error).mean(dtype=float))


def fit_quantiser(activations: Tensor, bits: int) -> Quantiser:
    """Choose the range by calibration data: of the quantiles in `CLIPPED`, those with the least squared error on them.

    Few bits gain from giving up the largest values, many bits do not (Banner et al., *Post Training 4-bit Quantization
    of Convolutional Networks for Rapid-Deployment*, NeurIPS 2019, section 2).

    Parameters
    ----------
    activations
        What crosses the cut, batch first, at least one value.
    bits
        b: 1, 2, 4 or 8.

    Raises
    ------
    ValueError
        When b is another number, or a value is not finite.
    """
    vector = values(activations)
    if not np.isfinite(vector).all():
        raise ValueError("the calibration data hold NaN or infinity")
    lows, highs = (np.quantile(vector, shares) for shares in (CLIPPED, [1 - share for share in CLIPPED]))
    shape = (1, *activations.shape[1:])
    choices = [Quantiser(bits, float(low), float(high), shape) for low, high in zip(lows, highs, strict=True)]
    return min(choices, key=lambda quantiser: quantiser.squared_error(vector))


def _step_values(numbers: NDArray[np.uint8], low: float, step: float) -> NDArray[np.float32]:
    return np.float32(low) + np.float32(step) * numbers.astype(np.float32)


def pack(numbers: NDArray[np.uint8], bits: int) -> bytes:
    """Write numbers below 2^bits side by side, the first in the highest bits of the first byte."""
    a_byte = 8 // bits
    padded = np.zeros(-(-len(numbers) // a_byte) * a_byte, np.uint8)
    padded[: len(numbers)] = numbers
    packed = np.zeros(len(padded) // a_byte, np.uint8)
    for position in range(a_byte):
        packed |= padded[position::a_byte] << np.uint8(8 - bits * (position + 1))
    return packed.tobytes()


def unpack(packed: bytes, bits: int, count: int) -> NDArray[np.uint8]:
    """Read `count` numbers that `pack` wrote.

    Parameters
    ----------
    packed
        What `pack` returned.
    bits
        Of a number: 1, 2, 4 or 8.
    count
        How many numbers there are; the last byte may hold more.
    """
    a_byte = 8 // bits
    whole = np.frombuffer(packed, np.uint8)
    numbers = np.empty(len(whole) * a_byte, np.uint8)
    for position in range(a_byte):
        numbers[position::a_byte] = whole >> np.uint8(8 - bits * (position + 1)) & np.uint8(2**bits - 1)
    return numbers[:count]
