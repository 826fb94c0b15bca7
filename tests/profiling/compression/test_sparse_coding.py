"""Lossless codes against bytes written by hand, and every bit pattern there and back."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("torch")

import torch

from serflow_opt.profiling.compression.quantisation import Quantiser
from serflow_opt.profiling.compression.sparse_coding import Deflated, Sparse
from serflow_opt.profiling.compression.wire import Raw

BIT_PATTERNS = st.lists(st.one_of(st.just(0), st.just(1 << 31), st.integers(0, 2**32 - 1)), max_size=40)
"""Any fp32 there is: zeros of both signs, NaNs, infinities."""


def bits(tensor: torch.Tensor) -> list[int]:
    return tensor.numpy().view(np.uint32).ravel().tolist()


@given(BIT_PATTERNS)
def test_lossless_codes_give_back_every_bit(patterns: list[int]) -> None:
    """Codes without loss give back every bit pattern, NaN and minus zero included."""
    sent = torch.from_numpy(np.array([patterns], np.uint32).view(np.float32))
    shape = (1, len(patterns))
    for code in (Raw(shape), Sparse(shape), Deflated(Raw(shape)), Deflated(Sparse(shape))):
        received = code.decode(code.encode(sent))
        assert received.shape == sent.shape
        assert bits(received) == patterns


def test_sparse_message_by_hand() -> None:
    """A sparse message is a bitmap and the values that are not plain zero."""
    message = Sparse((1, 5)).encode(torch.tensor([[0.0, 1.5, 0.0, -0.0, 2.0]]))
    assert message == bytes([0b01011_000]) + struct.pack("<3f", 1.5, -0.0, 2.0)


def test_half_zero_activation_keeps_its_bitmap_and_half_its_bytes() -> None:
    """Half zeros save half the bytes but for the bitmap."""
    sent = torch.tensor([[0.0, 1.0] * 32])  # 64 values: 8 bytes of bitmap and 32 x 4 of 256
    assert len(Sparse((1, 64)).encode(sent)) == 8 + 128


def test_full_activation_grows_by_its_bitmap() -> None:
    """Without zeros a sparse message is longer, by a bit a value."""
    assert len(Sparse((1, 64)).encode(torch.ones(1, 64))) == 8 + 256


def test_deflated_message_is_the_inner_one_inside_zlib() -> None:
    """Deflating wraps the inner message and adds no arithmetic."""
    quantiser = Quantiser(4, 0.0, 1.0, (1, 100))
    sent = torch.linspace(0, 1, 100).reshape(1, 100)
    message = Deflated(quantiser).encode(sent)
    assert zlib.decompress(message) == quantiser.encode(sent)
    assert torch.equal(Deflated(quantiser).decode(message), quantiser.decode(quantiser.encode(sent)))
    assert Deflated(quantiser).encode_flops == 300
    assert Deflated(quantiser).decode_flops == 200


def test_lossless_coding_does_no_arithmetic() -> None:
    """Moving bytes counts no floating-point operation."""
    for code in (Raw((1, 3)), Sparse((1, 3)), Deflated(Sparse((1, 3)))):
        assert (code.encode_flops, code.decode_flops) == (0, 0)
