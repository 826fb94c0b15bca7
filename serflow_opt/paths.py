"""All placements of an instance as rows of options, and what each one takes: memory, seconds, hand-overs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from serflow_opt.formulations.data import SLACK, Data, Hop, Place

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MOST = 200_000
"""Placements listed at most. 110,000 of 16 stages x 20 thresholds are bounded in five seconds; the
whole model takes a minute."""


def list_paths(data: Data, most: int = MOST) -> Ints | None:
    """Return every placement as a row of options, None when there are more than `most`."""
    onward: dict[Place, list[int]] = {place: [] for place in data.places}
    for s, p in data.stays:
        onward[s - 1, p].append(p)
    for s, p, k in data.hops:
        onward[s - 1, p] += [q for q in data.options if data.tier[q] == k and q != p and (s, q) in onward]
    paths = np.array([[p] for p in data.entries], dtype=np.int64).reshape(-1, 1)
    for s in data.stages[:-1]:
        grown = [
            np.column_stack([np.repeat(rows, len(onward[s, p]), axis=0), np.tile(onward[s, p], len(rows))])
            for p in np.unique(paths[:, -1])
            if onward[s, int(p)]
            for rows in [paths[paths[:, -1] == p]]
        ]
        paths = np.concatenate(grown) if grown else np.empty((0, s + 1), dtype=np.int64)
        if len(paths) > most:
            return None
    return paths


def within_memory(data: Data, paths: Ints) -> NDArray[np.bool_]:
    """Which placements fit the memory of every option they use."""
    fits = np.ones(len(paths), dtype=bool)
    size = np.array([stage.parameter_bytes for stage in data.instance.stages])
    peak = np.array([data.activation(s) for s in data.stages])
    for p, option in enumerate(data.instance.options):
        if option.memory_bytes is not None:
            here = paths == p
            used = here @ size + np.max(np.where(here, peak, 0.0), axis=1)
            fits &= ~here.any(axis=1) | (used <= option.memory_bytes * (1 + SLACK))
    return fits


def worst_seconds(data: Data, paths: Ints) -> Floats:
    """Worst-case latency of each placement, seconds."""
    total: Floats = times(data, paths, data.whole_cold_time).sum(axis=1) * data.second
    return total


def times(data: Data, paths: Ints, cold: Callable[[int], float]) -> Floats:
    """Time of each stage with the hand-over and cold start before it, N x M, / second."""
    spent = compute_times(data, paths) + moves(data, paths, data.entry_time, data.hop_time)
    return spent + np.where(begins(paths), by_option(data, cold)[paths], 0.0)


def compute_times(data: Data, paths: Ints) -> Floats:
    """Time of each stage alone, N x M, / second."""
    table = np.array([[data.time(s, p) for p in data.options] for s in data.stages], dtype=float)
    chosen: Floats = table[np.arange(data.last)[None, :], paths]
    return chosen


def by_option(data: Data, value: Callable[[int], float]) -> Floats:
    """A number for each option of the instance, as an array."""
    return np.array([value(p) for p in data.options], dtype=float)


def begins(paths: Ints) -> NDArray[np.bool_]:
    """Where an option takes over, N x M."""
    first = np.ones(paths.shape, dtype=bool)
    first[:, 1:] = paths[:, 1:] != paths[:, :-1]
    return first


def moves(data: Data, paths: Ints, entry: Callable[[int], float], hop: Callable[[Hop], float]) -> Floats:
    """Something of the move before each stage, N x M, from functions of an entry option and of a hop."""
    tier = np.array(data.tier)[paths]
    moved = np.zeros(paths.shape)
    first = np.zeros(len(data.options))
    for p in data.entries:
        first[p] = entry(p)
    moved[:, 0] = first[paths[:, 0]]
    table = np.zeros((data.last, len(data.options), len(data.instance.tiers)))
    for s, p, k in data.hops:
        table[s - 1, p, k] = hop((s, p, k))
    crossed = tier[:, 1:] != tier[:, :-1]
    steps = np.arange(1, data.last)[None, :]
    moved[:, 1:] = np.where(crossed, table[steps, paths[:, :-1], tier[:, 1:]], 0.0)
    return moved
