"""What a client sends of what it has learnt: all of it, in 8 bits, or the largest tenth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

LEVELS = 127
"""On either side of 0, in 8 bits."""
TENTH = 0.1


def _eight_bits(update: Tensor) -> Tensor:
    step = update.abs().max() / LEVELS
    return update if step == 0 else (update / step).round() * step


def _largest(update: Tensor) -> Tensor:
    flat = update.flatten()
    kept = flat.abs().topk(max(round(TENTH * len(flat)), 1)).indices
    return torch.zeros_like(flat).index_copy(0, kept, flat[kept]).view_as(update)


@dataclass(frozen=True, slots=True)
class UpdateCoding:
    """How an update is sent: what arrives of it, and the share of its bytes that it takes."""

    does: Callable[[Tensor], Tensor]
    kept: float


WAYS = {
    "none": UpdateCoding(lambda update: update, 1.0),
    "int8": UpdateCoding(_eight_bits, 0.25),
    "tenth": UpdateCoding(_largest, 0.2),  # four bytes of a value, four of its place
}
