"""Slices of cards counted without fillings."""

from __future__ import annotations

from support.random_cluster import agrees, made

from serflow_opt.families.cluster import search as searching
from serflow_opt.families.cluster.slices import only_slices


def test_slices_of_cards_are_counted_without_fillings() -> None:
    """Where instances take slices and nothing else."""
    problems = [made(seed, cut=True) for seed in range(500, 508)]
    assert all(only_slices(searching.shop_of(own.data)) for own in problems)
    there = [agrees(own) for own in problems]
    assert 2 < sum(there) < len(there)
