"""What index sets are made of: runners, levels, and the tuples that stand for places, hops and hubs."""

from __future__ import annotations

from typing import NamedTuple

NOTHING = -1
"""Stands where a way to hand over could: nothing crosses a link."""
SOURCE = -1
"""Stands for the runner that the input comes from."""

Place = tuple[int, int]
Stay = tuple[int, int, int]
Hop = tuple[int, int, int, int]
Entry = tuple[int, int, int]
Hub = tuple[int, int, int, int]


class Runner(NamedTuple):
    """What a stage can run as: positions of an option and of a variant, `AS_IS` for none."""

    option: int
    variant: int


class Level(NamedTuple):
    """An entry of a menu: whose (a variant's with own menus, or `AS_IS`), exit rate and accuracy."""

    variant: int
    position: int
    exit_rate: float
    accuracy: float
