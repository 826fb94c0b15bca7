"""The programs of a box: by the kernel and by HiGHS, beside every reach vector they are about."""

from __future__ import annotations

import math

import numpy as np
import pytest

from serflow_opt import kernels
from serflow_opt.backend.linear import SmallPrograms
from serflow_opt.ground.arrays import Floats
from serflow_opt.search.joint.box_programs import BoxProgram

SCALE = 1e-6
"""Dollars a request."""


def drawn(seed: int) -> tuple[BoxProgram, Floats, Floats, Floats]:
    """A placement with up to two machines and two limits, vectors of reach, and cuts that hold for all of them."""
    rng = np.random.default_rng(seed)
    segments, slots, sides, cuts = (int(rng.integers(*ends)) for ends in ((2, 13), (0, 3), (0, 3), (0, 20)))
    count = int(rng.integers(1, 40))
    inside = np.sort(rng.uniform(0, 1, (count, segments - 1)), axis=1)[:, ::-1]
    reach = np.column_stack([np.ones(count), inside])
    load = rng.uniform(0, 3, (slots, segments)) * (rng.random((slots, segments)) < 0.6)
    use, use_rent = rng.uniform(0, 1, (sides, segments)), rng.uniform(0, 0.5, (sides, slots))
    low = np.ceil(load[:, 0])
    most = (use @ reach.T).min(axis=1) * rng.uniform(0.9, 1.4, sides) + use_rent @ low
    weight = (rng.uniform(0, 1, segments) - rng.choice([0.0, 0.2])) * SCALE
    rent = rng.uniform(0, 1, slots) * SCALE
    direction = rng.uniform(rng.choice([-0.2, 0.0]), 1, (cuts, segments))
    program = BoxProgram(SCALE, weight, rent, load, use, use_rent, most, low, low + rng.integers(0, 6, slots))
    return program, reach, direction, (direction @ reach.T).min(axis=1, initial=math.inf)


@pytest.mark.parametrize("seed", range(60))
def test_both_ways_bound_alike(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel's bound is that of HiGHS, and no vector of reach with the machines it takes is below."""
    program, reach, direction, least = drawn(seed)
    found = []
    for compiled in {kernels.compiled, False}:
        monkeypatch.setattr(kernels, "compiled", compiled)
        found.append(program.bound(direction, least, SmallPrograms()))
    for answer in found:
        assert answer.value == pytest.approx(found[0].value, rel=1e-8)
        if answer.shares is not None:
            assert (answer.shares >= 0).all()
    for one in reach:
        number = np.ceil(program.load @ one)
        fits = (number <= program.high).all()
        number = np.maximum(number, program.low)
        if fits and (program.use @ one + program.use_rent @ number <= program.most).all():
            assert found[0].value <= program.fixed + program.weight @ one + program.rent @ number + 1e-15


@pytest.mark.parametrize("seed", range(60))
def test_both_ways_price_alike(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever multipliers come of it, their bound over the vectors of reach is the same."""
    program, reach, _, _ = drawn(seed)
    if not len(program.rent) + len(program.most):
        return
    penalty = 100 * float(np.abs(program.weight).sum() + program.rent @ program.high)
    bounds = []
    for compiled in {kernels.compiled, False}:
        monkeypatch.setattr(kernels, "compiled", compiled)
        load, use = program.prices(reach, penalty)
        worth = program.rent - load + use @ program.use_rent
        paid = reach @ (program.weight + load @ program.load + use @ program.use)
        machines = np.minimum(worth * program.low, worth * program.high).sum()
        bounds.append(float(paid.min() + machines - use @ program.most))
    assert bounds == pytest.approx([bounds[0]] * len(bounds), abs=1e-9 * penalty)
