"""The plain message of an activation, byte by byte."""

from __future__ import annotations

import struct

import pytest

pytest.importorskip("torch")

import torch

from serflow_opt.profiling.compression.wire import Raw


def test_raw_message_is_four_bytes_a_value_in_order() -> None:
    """A raw message is the values in order, whatever the strides of the tensor."""
    sent = torch.tensor([[[1.0, 2.0], [3.0, 4.0]]])
    assert Raw((1, 2, 2)).encode(sent) == struct.pack("<4f", 1, 2, 3, 4)
    assert Raw((1, 2, 2)).encode(sent.transpose(1, 2)) == struct.pack("<4f", 1, 3, 2, 4)
