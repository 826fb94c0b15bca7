"""Requests drawn, compiled, against numpy's sort and search: the same to the last digit."""

from __future__ import annotations

import numpy as np
import pytest

LAST = np.nextafter(1.0, 0.0)
"""The largest number that is drawn."""


@pytest.mark.parametrize("length", [1.0, 60.0, 0.1, 300.0])
def test_moments_are_sorted_within_their_periods(length: float) -> None:
    """Periods without requests, with one, with many, and numbers that are equal or at the ends."""
    from serflow_opt.kernels.draws import moments

    rng = np.random.default_rng(5)
    counts = np.array([0, 1, 2, 7, 0, 300, 5000, 1, 64])
    drawn = rng.random(int(counts.sum()))
    drawn[[0, 1, 2, 20]], drawn[[3, 30, 31]], drawn[400:420] = 0.0, LAST, 0.25
    found = np.empty(len(drawn))
    moments(drawn, counts, 4_000_000, length, found)
    period = np.repeat(np.arange(4_000_000, 4_000_009), counts)
    assert found.tolist() == np.sort((period + drawn) * length).tolist()
    moments(drawn[:0], np.zeros(3, np.int64), 0, length, found[:0])


@pytest.mark.parametrize("shares", [[1.0], [0.0, 0.3, 0.0, 0.7, 0.0], [1e-9, 0.5, 0.5 - 1e-9, 1e-12], [0.125] * 8])
def test_places_are_those_of_a_search(shares: list[float]) -> None:
    """At random numbers, at the edges, and a last digit below and above them."""
    from serflow_opt.kernels.draws import places

    edges = np.cumsum(shares)
    near = np.concatenate([edges, np.nextafter(edges, 0), np.nextafter(edges, 1), np.arange(256) / 256, [0.0, LAST]])
    drawn = np.concatenate([np.random.default_rng(6).random(3000), near[near < 1]])
    last = int(np.flatnonzero(shares)[-1])
    found = np.empty(len(drawn), np.int16)
    places(drawn, edges, last, found)
    assert found.tolist() == np.minimum(np.searchsorted(edges, drawn * edges[-1], side="right"), last).tolist()


def test_below_the_level_of_a_kind() -> None:
    """1 below, 0 at it and above, -1 where there is none."""
    from serflow_opt.kernels.draws import below

    found = np.empty(5, np.int8)
    below(np.array([0.2, 0.5, 0.9, 0.1, 0.0]), np.array([0, 0, 0, 1, 2], np.int16), np.array([0.5, np.nan, 0.0]), found)
    assert found.tolist() == [1, 0, 0, -1, 0]
