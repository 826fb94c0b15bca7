"""BERT-base against its published parameters, and operations by hand."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")


from support.counted_networks import FP32, counted, parameters


def test_bert_base() -> None:
    """BERT has its published parameters, and operations by hand."""
    t, h = 128, 768
    stages, network = counted("bert-base")
    # four projections of each token, two linear layers of 4H, scores and their mixing
    encoder = 2 * (4 * t * h**2 + 2 * t * h * 4 * h + 2 * t**2 * h)
    assert [s.flops for s in stages] == [0] + [encoder] * 12 + [2 * (h * h + h * 2)]
    assert [s.activation_bytes for s in stages] == [FP32 * t * h] * 13 + [2 * FP32]
    embeddings = (30_522 + 512 + 2) * h + 2 * h
    layer = 4 * (h * h + h) + (h * 4 * h + 4 * h) + (4 * h * h + h) + 2 * 2 * h
    pooler = h * h + h
    assert embeddings + 12 * layer + pooler == 109_482_240
    assert parameters(network) == 109_482_240 + (h * 2 + 2)
