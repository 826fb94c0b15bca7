"""Quantisation against bytes written by hand, and its error against half a step."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("torch")

import numpy as np
import torch

from serflow_opt.profiling.compression.quantisation import Quantiser, fit_quantiser, pack, unpack


@pytest.mark.parametrize(
    ("bits", "numbers", "packed"),
    [
        (8, [1, 255, 7], "01ff07"),
        (4, [1, 15, 7], "1f70"),
        (2, [3, 0, 1, 2, 3], "c6c0"),  # 11 00 01 10, 11 and six zeros
        (1, [1, 0, 0, 0, 0, 0, 0, 1, 1], "8180"),
        (4, [], ""),
    ],
)
def test_numbers_fill_bytes_from_the_highest_bits(bits: int, numbers: list[int], packed: str) -> None:
    """Packed bytes are those written by hand."""
    assert pack(np.array(numbers, np.uint8), bits).hex() == packed
    assert unpack(bytes.fromhex(packed), bits, len(numbers)).tolist() == numbers


@given(st.data(), st.sampled_from([1, 2, 4, 8]))
def test_unpacking_undoes_packing(data: st.DataObject, bits: int) -> None:
    """Packing loses no number, in as few bytes as they need."""
    numbers = data.draw(st.lists(st.integers(0, 2**bits - 1), max_size=40))
    packed = pack(np.array(numbers, np.uint8), bits)
    assert len(packed) == -(-len(numbers) * bits // 8)
    assert unpack(packed, bits, len(numbers)).tolist() == numbers


def test_message_by_hand() -> None:
    """A message is width, low, step and packed numbers, byte by byte."""
    quantiser = Quantiser(bits=2, low=0.0, high=3.0, shape=(1, 5))
    message = quantiser.encode(torch.tensor([[0.2, 0.9, 2.4, 3.0, 9.0]]))
    assert message == struct.pack("<Bff", 2, 0.0, 1.0) + bytes([0b00_01_10_11, 0b11_000000])
    assert quantiser.decode(message).tolist() == [[0.0, 1.0, 2.0, 3.0, 3.0]]


@given(
    st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=30),
    st.sampled_from([1, 2, 4, 8]),
)
def test_error_within_the_range_is_at_most_half_a_step(numbers: list[float], bits: int) -> None:
    """Within its range a value comes back within half a step."""
    low, high = min(numbers), max(numbers)
    quantiser = Quantiser(bits, low, high, (1, len(numbers)))
    sent = torch.tensor([numbers])
    received = quantiser.decode(quantiser.encode(sent))
    rounding = 4 * max(2**-23 * max(abs(low), abs(high)), 2**-149)  # a few roundings to fp32 at the size of the ends
    assert float((received - sent).abs().max()) <= (high - low) / (2**bits - 1) / 2 + rounding


def test_values_outside_the_range_go_to_its_ends() -> None:
    """What is beyond the range, infinity included, becomes its end."""
    quantiser = Quantiser(bits=8, low=-1.0, high=1.0, shape=(1, 4))
    sent = torch.tensor([[-5.0, 5.0, float("inf"), -float("inf")]])
    assert quantiser.decode(quantiser.encode(sent))[0].tolist() == pytest.approx([-1, 1, 1, -1])


def test_constant_and_empty_activations() -> None:
    """A constant comes back exactly, and nothing is nine bytes of head."""
    constant = torch.full((3, 2, 2), 0.7)
    quantiser = fit_quantiser(constant, bits=2)
    assert quantiser.step == 0
    assert torch.equal(quantiser.decode(quantiser.encode(constant[:1])), constant[:1])
    empty = Quantiser(bits=4, low=0.0, high=1.0, shape=(1, 0))
    assert len(empty.encode(torch.empty(1, 0))) == 9
    assert empty.decode(empty.encode(torch.empty(1, 0))).shape == (1, 0)


def test_nan_is_refused() -> None:
    """NaN is refused: as a number of a step it would be a lie."""
    with pytest.raises(ValueError, match="NaN cannot be quantised"):
        Quantiser(8, 0.0, 1.0, (1, 2)).encode(torch.tensor([[0.5, float("nan")]]))
    with pytest.raises(ValueError, match="NaN or infinity"):
        fit_quantiser(torch.tensor([[0.5, float("nan")]]), 8)


@pytest.mark.parametrize(("bits", "low", "high"), [(3, 0.0, 1.0), (8, 1.0, 0.0), (8, 0.0, float("nan"))])
def test_quantisers_that_cannot_be(bits: int, low: float, high: float) -> None:
    """Widths and ranges that cannot be are refused."""
    with pytest.raises(ValueError, match=r"bits|range"):
        Quantiser(bits, low, high, (1, 1))


def test_few_bits_give_up_outliers_and_many_bits_keep_them() -> None:
    """Mean squared errors: with 2 bits over 0..5 about 0.29 and over 0..1 about 0.01 + 4²/1000; with 8 bits over 0..5
    about (5/255)²/12, and giving up the outlier still costs 4²/1000."""
    calibration = torch.cat([torch.linspace(0, 1, 999), torch.tensor([5.0])]).reshape(10, 100)
    assert fit_quantiser(calibration, bits=2).high <= 1
    assert fit_quantiser(calibration, bits=8).high == 5


def test_operations_are_three_to_encode_and_two_to_decode_a_value() -> None:
    """Operations are three a value there and two back."""
    quantiser = Quantiser(8, 0.0, 1.0, (1, 2, 3))
    assert (quantiser.encode_flops, quantiser.decode_flops) == (18, 12)
