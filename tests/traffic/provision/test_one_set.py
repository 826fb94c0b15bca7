"""A set of thresholds: work between its ends, and what it costs at least, against its thresholds one by one."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from support.provision_by_head import BOTH, CALLS, MACHINES, pricing, served, structure_of, whole

from serflow_opt.backend.highs import HighsModel
from serflow_opt.traffic.provision.block_ranges import BlockRanges
from serflow_opt.traffic.provision.counts import StructureSizes
from serflow_opt.traffic.provision.one_set import OneSet, Thresholds, _points, chosen_level
from serflow_opt.traffic.provision.pricing import Pricing
from serflow_opt.traffic.provision.structures import Structure
from serflow_opt.traffic.provision.waits import ROOMS


def cheapest(priced: Pricing, structure: Structure) -> float:
    """Of both thresholds, with their cheapest sizes and 0.125 USD of input a request."""
    found = []
    for level in (0, 1):
        sizes = StructureSizes(priced, structure, served(priced, structure, level, 0)).best()
        assert sizes is not None
        found.append(math.fsum(own.usd for own in sizes))
    return min(found) + 0.125 * priced.demand.mean


@pytest.mark.parametrize("pools", [MACHINES, BOTH])
@pytest.mark.parametrize("rate", [1.0, 2.0])
def test_bounds_are_below_the_cheapest_thresholds(pools: tuple[int | None, int | None], rate: float) -> None:
    """Flows say no more than the cheapest costs, and come near it; their thresholds are those that half leave at."""
    priced = pricing(whole(), rate)
    structure = structure_of(priced, ((0, 1), pools))
    best = cheapest(priced, structure)
    own = OneSet(priced, priced, structure, Thresholds(None), best * 1.2)
    found = own.bound(best * 1.2)
    assert found is not None
    assert 0.8 * best <= found.usd <= best * (1 + 1e-9)
    assert found.levels in ((), (0, 0))
    if found.levels:  # two thresholds are few enough to be listed
        assert found.listed is not None
        assert (0, 0) in found.listed


def test_a_model_is_below_the_cheapest_thresholds_too() -> None:
    """The optimum of the model bounds the set, and its solution lets half leave."""
    priced = pricing(whole(), 2.0, arrivals="smooth")
    structure = structure_of(priced, ((0, 1), MACHINES))
    own = OneSet(priced, priced, structure, Thresholds(None), 3.0)
    found = own.model(priced.data, priced.demand, own.points())
    assert found is not None
    model, dollar = found
    outcome = HighsModel(model).solve(gap=1e-9)
    assert outcome.bound * dollar == pytest.approx(2.25, rel=1e-6)  # four machines and the input
    assert [chosen_level(priced.data, model, outcome, s) for s in priced.data.stages] == [0, 0]


def test_work_ends_where_it_costs_more_than_the_best() -> None:
    """Work is 2 to 2.5 s; five machines of 0.5 USD/s at 2/s take at most 2.5, four 2; functions hold nobody."""
    priced = pricing(whole(), 2.0, blocks=2, arrivals="smooth")
    alone = structure_of(priced, ((0, 1), MACHINES))
    (work,) = OneSet(priced, priced, alone, Thresholds(None), 9.0).work
    assert work == pytest.approx((2.0, 2.5))
    low, high = OneSet(priced, priced, alone, Thresholds(None), 2.3).work[0]
    assert (low, high) == (pytest.approx(2.0), pytest.approx(2.0, rel=0.03))
    split = structure_of(priced, ((0, 0), MACHINES), ((1, 1), CALLS))
    assert OneSet(priced, priced, split, Thresholds(None), 9.0).work[1] == (0.0, 0.0)
    none = Thresholds(None, ranges=(BlockRanges((2.6, 2.7)),))
    assert OneSet(priced, priced, alone, none, 9.0).empty


def test_lines_touch_at_the_ends_and_where_a_solution_was() -> None:
    """Known points within the range are kept with its ends; without any, some between."""
    assert _points(1.0, 2.0, [0.5, 1.5, 3.0]) == [1.0, 2.0, 1.5]
    assert _points(1.0, 2.0, []) == pytest.approx([1.0, 4 / 3, 5 / 3, 2.0])
    assert _points(0.0, 0.0, []) == []


@pytest.mark.parametrize("slo_s", [5.0, 7.0, 9.0])
def test_waits_in_a_row_make_no_more_late_than_at_any_thresholds(slo_s: float) -> None:
    """Two blocks with functions: for each choice of sizes what is late at least, and where ranges meet nearly that."""
    priced = pricing(whole(latency_slo_s=slo_s, latency_measure="p90"), 2.0, blocks=2)
    structure = structure_of(priced, ((0, 0), BOTH), ((1, 1), BOTH))
    sums = 0
    for level in (0, 1):
        service = served(priced, structure, level, 0)
        reach = np.array([1.0, service.reach(1)])
        made = tuple(
            BlockRanges((share * held,) * 2, (share * held**2 * (1 + service.cv2(b, machine)),) * 2, (share,) * 2)
            for b, (share, block) in enumerate(zip(reach.tolist(), service.blocks, strict=True))
            for machine in block.machines
            for held in [service.busy_s(b, machine)]
        )
        late = priced.promise.lateness(structure, service)
        for ranges in (None, made):
            own = OneSet(priced, priced, structure, Thresholds(None, ranges=ranges), 9.0)
            rooms = [
                [(count, n) for count in known.beside for n in (0, 3, 12)] for known in own.sizings if known is not None
            ]
            for sizes in itertools.product(*rooms):
                each = zip(own.sizings, sizes, strict=True)
                sized = [known.of(count, n, n) for known, (count, n) in each if known]
                assert own.places is not None
                line = own.places.late(sized, [n for _, n in sizes])
                waits = [priced.promise.wait(service, b, count, ROOMS[n]) for b, (count, n) in enumerate(sizes)]
                least, true = 1 + line.fixed + float(line.weight @ reach), late.late(waits) / 0.1
                assert least <= true * (1 + 1e-9) + 1e-5  # far below the limit grids tell less
                sums += all(waits)
                if ranges is made:
                    assert least >= true * 0.9 - 1e-6
    assert sums
