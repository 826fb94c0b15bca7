"""Schedules where carbon counts: least carbon, carbon at a price, within a limit, and where requests may wait."""

from __future__ import annotations

import math

import numpy as np
import pytest
from oracles.clean_schedules import HOUR, best
from support.clean_cases import clean_case

from serflow_opt.errors import InputError
from serflow_opt.traffic.schedule.clean import CarbonTerms
from serflow_opt.traffic.schedule.priced import MayWait
from serflow_opt.traffic.schedule.result import Schedule
from serflow_opt.traffic.schedule.solve import schedule


@pytest.mark.parametrize("seed", range(3))
def test_as_enumerated(seed: int) -> None:
    """Whatever is asked, value and bound are those of the best fleet; a limit is kept."""
    rng = np.random.default_rng(seed)
    types = 1 + seed % 2
    service, trace, (kinds, function, demand) = clean_case(seed, types, 3)
    share, hours, price = float(rng.uniform(0.2, 0.9)), int(rng.integers(1, 3)), float(rng.uniform(0.1, 3.0))
    waiting = MayWait(share, hours * HOUR)
    cleanest = schedule(service, trace, step_s=HOUR, gap=1e-9, carbon=CarbonTerms("carbon"))
    cheapest = schedule(service, trace, step_s=HOUR, gap=1e-9)
    dirty = math.fsum(cheapest.carbon_g.values())
    limit = cleanest.value + float(rng.uniform()) * (dirty - cleanest.value)
    for terms, weights, most, wait in (
        (CarbonTerms("carbon"), (0.0, 1.0), math.inf, (0.0, 0)),
        (CarbonTerms(usd_per_tonne=price * 1e6, waiting=waiting), (1.0, price), math.inf, (share, hours)),
        (CarbonTerms(max_g=limit / trace.requests), (1.0, 0.0), limit, (0.0, 0)),
    ):
        found = schedule(service, trace, step_s=HOUR, gap=1e-9, carbon=terms)
        least = best(kinds, function, demand, weights, most, *wait)
        assert found.value == pytest.approx(least, rel=1e-6)
        assert found.bound == pytest.approx(least, rel=1e-6)
        assert found.status == "optimal"
        assert math.fsum(found.carbon_g.values()) <= most * (1 + 1e-8)


def test_answers_come_back() -> None:
    """Saved and loaded, a schedule with carbon is the same; its rows sum up to its grams and its requests."""
    service, trace, _ = clean_case(2, 1, 4)
    found = schedule(service, trace, step_s=HOUR, carbon=CarbonTerms("carbon", waiting=MayWait(0.5, HOUR)))
    again = Schedule.from_dict(found._whole())
    assert again.to_dict() == found.to_dict()
    frame = found.to_frame()
    assert frame["carbon_g"].sum() == pytest.approx(math.fsum(found.carbon_g.values()))
    assert frame["served"].sum() == pytest.approx(trace.requests)


def test_what_cannot_be_asked() -> None:
    """A limit below the least is refused with the least; so are waits shorter than a period, and negative prices."""
    service, trace, _ = clean_case(0, 1, 3)
    with pytest.raises(InputError, match=r"carbon_max_g.*at least.*raise it"):
        schedule(service, trace, step_s=HOUR, carbon=CarbonTerms(max_g=0.0))
    with pytest.raises(InputError, match=r"defer_h.*at least a period"):
        schedule(service, trace, step_s=HOUR, carbon=CarbonTerms(waiting=MayWait(0.5, 60.0)))
    with pytest.raises(InputError, match="usd_per_tonne"):
        schedule(service, trace, step_s=HOUR, carbon=CarbonTerms(usd_per_tonne=-1.0))
