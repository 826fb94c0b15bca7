"""Cuts on what reach thresholds can have, and the bounds they give."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from oracles.writing import write
from support.joint import document

import serflow_opt as so
from serflow_opt.search.joint.choices import choices
from serflow_opt.search.joint.region import Box, Region, inner


def test_cuts_raise_bounds_and_stay_below_every_reach(tmp_path: Path) -> None:
    """With reach vectors drawn at random and the cuts that hold for all of them, no bound is above a value there."""
    made = document()
    made["workload"] = {"rate_per_s": 10.0}
    found = choices(so.load(write(made, tmp_path)), "cost")
    assert found is not None
    rng = np.random.default_rng(3)
    segments = found.weight.shape[1]
    reach = np.column_stack([np.ones(20), np.sort(rng.uniform(0.2, 1.0, (20, segments - 1)), axis=1)[:, ::-1]])
    free, cut = Region(segments), Region(segments)
    for direction in (*np.eye(segments)[1:], np.ones(segments)):
        cut.add(direction, float((reach @ direction).min()))
    width = found.rent.shape[1]
    raised = 0
    for row in range(len(found)):
        box = Box(row, (0,) * width, (50,) * width)
        least = min(found.values(own)[row] for own in reach)
        before = free.bound(found, box)
        later = cut.bound(found, box)
        bounds = [before.value, later.value]
        assert cut.bound(found, box, later) is later  # nothing new to say
        assert bounds[0] <= bounds[1] + 1e-12
        assert max(bounds[1], cut.quick(found, box)) <= least * (1 + 1e-9)
        raised += bounds[1] > bounds[0] * (1 + 1e-6)
    assert raised


def test_prices_come_of_what_binds(tmp_path: Path) -> None:
    """Machines that are rented have a price by what they carry, at most their rent; where none are, nothing has."""
    found = choices(so.load(write(document(), tmp_path)), "cost")
    assert found is not None
    segments, width = found.weight.shape[1], found.rent.shape[1]
    reach = np.array([[1.0] * segments])
    for row in range(len(found)):
        prices = inner(found, Box(row, (0,) * width, (50,) * width), reach, 1.0)
        rented = found.load[row].any(axis=1)
        assert (prices.load >= -1e-9).all()
        assert (prices.load <= found.rent[row] + 1e-9).all()
        assert prices.load[rented] == pytest.approx(found.rent[row][rented], rel=1e-6)
