"""Brute force for clusters: every filling of a server, place by place, and every choice of servers of them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np


def rates(batch: int, time_s: float, target_s: float, whole: bool) -> tuple[float, float] | None:
    """The least and the largest rate of an instance, or None where it is of no use: INFless's rule."""
    if time_s > target_s or (batch > 1 and 2 * time_s > target_s):
        return None
    up = math.floor(round(batch / time_s, 9)) if whole else batch / time_s
    low = 0 if batch == 1 else math.ceil(round(batch / (target_s - time_s), 9))
    return (low, up) if low <= up else None


def fillings(
    sizes: Sequence[tuple[float, float, str]], cores: float, cards: int, pooled: bool, layouts: Sequence[Sequence[str]]
) -> Iterator[tuple[int, ...]]:
    """Every number of instances of each size (cores, per cent, slice) that fit on a server together."""
    room = [
        range(int(min(cores // c if c else 99, cards * 100 // p if p else 99, cards * 7 if s else 99)) + 1)
        for c, p, s in sizes
    ]
    for counts in itertools.product(*room):
        if sum(n * c for n, (c, _, _) in zip(counts, sizes, strict=True)) > cores + 1e-9:
            continue
        on_cards = [sizes[i][1:] for i, n in enumerate(counts) for _ in range(n) if any(sizes[i][1:])]
        if not on_cards or (cards and _placed(on_cards, [[] for _ in range(cards)], pooled, layouts)):
            yield counts


def _placed(left: list[tuple[float, str]], on: list[list[Any]], pooled: bool, layouts: Sequence[Sequence[str]]) -> bool:
    """Whether instances can be put on cards, each tried on each."""
    if pooled:
        return not any(s for _, s in left) and sum(p for p, _ in left) <= 100 * len(on) + 1e-9
    if not left:
        return True
    seen = set()
    for n, card in enumerate(on):
        if tuple(sorted(card)) in seen:
            continue
        seen.add(tuple(sorted(card)))
        grown = [*card, left[0]]
        if layouts:
            names = [s for _, s in grown]
            fits = all(names) and any(all(names.count(s) <= own.count(s) for s in names) for own in layouts)
        else:
            fits = sum(p for p, _ in grown) <= 100 + 1e-9 and not any(s for _, s in grown)
        if fits and _placed(left[1:], [*on[:n], grown, *on[n + 1 :]], pooled, layouts):
            return True
    return False


def choices(types: Sequence[tuple[int, np.ndarray]]) -> np.ndarray:
    """Sums over every choice of servers: `types` has how many there are, and a row of figures for each filling."""
    total = np.zeros((1, types[0][1].shape[1]))
    for most, rows in types:
        sums, layer = [np.zeros((1, rows.shape[1]))], np.zeros((1, rows.shape[1]))
        for _ in range(most):
            layer = np.unique((layer[:, None, :] + rows[None, :, :]).reshape(-1, rows.shape[1]).round(9), axis=0)
            sums.append(layer)
        every = np.unique(np.vstack(sums), axis=0)
        total = (total[:, None, :] + every[None, :, :]).reshape(-1, rows.shape[1])
    return np.unique(total.round(9), axis=0)
