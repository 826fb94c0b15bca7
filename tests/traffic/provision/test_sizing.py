"""Sizes of a block in a set of thresholds: lines that no thresholds of the set cost less than."""

from __future__ import annotations

import math

import numpy as np
import pytest
from support.provision_by_head import BOTH, MACHINES, pricing, structure_of, whole

from serflow_opt.ground.deadline import Deadline, OutOfTime
from serflow_opt.traffic.provision.one_set import OneSet, Thresholds
from serflow_opt.traffic.provision.sizing import Sizing


def sizing(pools: tuple[int | None, int | None], best: float, rate: float = 2.0) -> Sizing:
    """The sizes of both stages in one block, for less than `best` USD a second."""
    priced = pricing(whole(), rate)
    own = OneSet(priced, priced, structure_of(priced, ((0, 1), pools)), Thresholds(None), best)
    (found,) = own.sizings
    assert found is not None
    return found


def test_machines_alone_take_what_their_number_can() -> None:
    """Work of 2 to 2.5 s at 2/s: four workers are never enough at random, n take n / 2 s, six all that there may be."""
    own = sizing(MACHINES, 5.0)
    assert list(own.alone) == [5, 6]
    assert list(sizing(MACHINES, 2.9).alone) == [5]  # 0.5 USD/s each
    for count, most in own.alone.items():
        assert 2.0 < most <= count / 2


def blocking(servers: int, load: float) -> float:
    """Erlang's loss formula."""
    weights = [load**n / math.factorial(n) for n in range(servers + 1)]
    return weights[-1] / math.fsum(weights)


@pytest.mark.parametrize("rate", [0.7, 2.0, 4.0])
def test_lines_are_below_what_each_count_costs(rate: float) -> None:
    """Half or a quarter leave: for n machines lines say no more than 0.5 n and the calls that are left."""
    own = sizing(BOTH, 9.0, rate)
    assert own.beside
    for count, sized in zip(own.beside, own.each(), strict=True):
        for leave, call in ((0.5, 1.5), (0.25, 1.625)):
            reach = np.array([1.0, 1 - leave])
            usd = 0.5 * count + rate * call * blocking(count, rate * (1 + 2 * (1 - leave)))
            said = sized.cost.fixed + sized.cost.weight @ reach
            said += max((line.fixed + line.weight @ reach for line in sized.largest), default=0.0)
            links = 0.125 * rate
            assert said <= (usd + links) * (1 + 1e-9)
            assert sized.least <= (usd + links) * (1 + 1e-9)
            assert all(line.fixed + line.weight @ reach <= 1e-9 for line in sized.limits)


def test_fewest_places_are_those_that_may_be_paid() -> None:
    """With the least number of places a block may cost what is left for it, with one less it costs more."""
    priced = pricing(whole(latency_slo_s=9.0, latency_measure="p90"), 2.0)
    own = OneSet(priced, priced, structure_of(priced, ((0, 1), BOTH)), Thresholds(None), 9.0)
    (sizing,) = own.sizings
    assert sizing is not None
    for count in sizing.beside:
        usd = sizing.by_room(count)
        assert (np.diff(usd) <= 0).all()
        for left in np.linspace(float(usd[-1]) * 0.99, float(usd[0]) * 1.01, 7).tolist():
            first = sizing.fewest(count, left)
            good = np.flatnonzero(usd <= left)
            assert first == (None if not len(good) else good[0])


def test_sizes_end_at_the_deadline() -> None:
    """There may be thousands, so each is begun only in time."""
    for pools in (MACHINES, BOTH):
        own = sizing(pools, 5.0)
        own.whole.deadline = Deadline(0.0)
        with pytest.raises(OutOfTime):
            own.each()
