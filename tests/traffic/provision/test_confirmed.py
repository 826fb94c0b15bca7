"""What simulations make of a deployment: verdicts in words, and counts that change where the formula was wrong."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.provision_by_head import BOTH, MACHINES, pricing, served, structure_of, whole
from support.valued_parts import confirmation

from serflow_opt.ground.deadline import NEVER
from serflow_opt.traffic.demand.rates import Rates
from serflow_opt.traffic.provision.confirmed import Less, Simulated, _said, confirmed, target_of
from serflow_opt.traffic.provision.waits import Size


def test_the_target_is_that_of_the_measure() -> None:
    """A percentile leaves its share late, the worst case next to nobody; without a limit there is none."""
    for measure, share in (("p90", 0.1), ("worst", 1e-4)):
        target = target_of(pricing(whole(latency_slo_s=4.0, latency_measure=measure)).promise)
        assert target is not None
        assert (target.measure, target.slo_s, target.share) == ("share", 4.0, pytest.approx(share))
    mean = target_of(pricing(whole(latency_slo_s=4.0, latency_measure="mean")).promise)
    assert mean is not None
    assert mean.measure == "mean"
    assert target_of(pricing(whole()).promise) is None


def test_too_few_machines_become_more_and_too_many_fewer() -> None:
    """At 2/s half hold a worker for 1 s, half for 3: five are nearly full, eleven more than enough for 9 s."""
    priced = pricing(whole(latency_slo_s=9.0, latency_measure="p90"))
    structure = structure_of(priced, ((0, 1), MACHINES))
    service = served(priced, structure, 0, 0)
    found = {}
    for start in (5, 11):
        sizes, simulated = confirmed(
            priced.promise, structure, service, [Size(start, None)], [5], Rates.steady(2.0), NEVER
        )
        assert simulated is not None
        assert simulated.kept.verdict == "kept"
        assert not simulated.agrees or sizes[0].count == start
        found[start] = sizes[0].count
    assert found[5] == found[11] <= 7


def test_nobody_waits_nothing_is_simulated() -> None:
    """Without a limit, evenly, or where all who find no worker go to the function, there is no wait to confirm."""
    free = pricing(whole())
    for priced, size in (
        (free, Size(5, None)),
        (pricing(whole(latency_slo_s=9.0), arrivals="smooth"), Size(5, None)),
        (pricing(whole(latency_slo_s=9.0)), Size(3, 0)),
    ):
        pools = MACHINES if size.room is None else BOTH
        structure = structure_of(priced, ((0, 1), pools))
        service = served(priced, structure, 0, 0)
        assert confirmed(priced.promise, structure, service, [size], [1], Rates.steady(2.0), NEVER) == ((size,), None)


def test_verdicts_as_words_and_json() -> None:
    """Formula and simulation agree where nothing was changed and nothing is broken; blocks count from 1."""
    own = Simulated(confirmation("kept"), (Less(0, confirmation("broken")),))
    assert own.agrees
    assert own.to_dict()["one_less"][0]["block"] == 1
    assert not replace(own, changed="stages 1-2: 3 machines, not 2").agrees
    assert not Simulated(confirmation("broken")).agrees
    assert [_said(Size(1, None)), _said(Size(2, 3))] == ["1 machine", "2 machines and 3 that may wait"]
