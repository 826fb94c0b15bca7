"""What is promised of latency, by hand: the slower pool, cold starts, and the way there."""

from __future__ import annotations

import dataclasses

import pytest
from support.provision_by_head import whole

from serflow_opt.traffic.provision.solve import provision


def test_latency_is_that_of_the_slower_pool() -> None:
    """In one block v is done after 0.5 + 1 and 0.5 + 3 s, f after 0.5 + 0.5 + 0.25 and 0.5 + 0.5 + 0.5 s.

    The mean over those that leave is 0.5 x 1.5 + 0.5 x 3.5 = 2.5 on v, 1.375 on f, where half meet a cold start:
    1.125 with half of it.
    """
    for slo, measure, count in (
        (3.5, "worst", 2),
        (3.4, "worst", 0),
        (1.5, "p50", 2),
        (1.4, "p50", 0),
        (2.5, "mean", 2),
        (2.4, "mean", 0),
    ):
        found = provision(whole(latency_slo_s=slo, latency_measure=measure), 2.0, blocks=1)
        assert found.counts == (count,), (slo, measure)
        assert found.latency_worst_ms == pytest.approx(3500.0 if count else 1500.0)
        assert found.latency_mean_ms == pytest.approx(2500.0 if count else 1125.0)
    assert provision(whole(latency_slo_s=1.2), 2.0, blocks=1).status == "infeasible"


def test_cold_starts_are_met_by_a_share() -> None:
    """f takes 0.5 s of input and 0.25 s a stage; half of the requests meet 0.5 s more. Half leave after stage 1.

    Done after 0.75, 1 s, or 1.25, 1.5 s: a quarter each. So 0.5 are in time at 1 s, 0.75 at 1.25 s, all at 1.5 s.
    """
    machines_are_late = {
        "options": tuple(dataclasses.replace(o, stage_seconds=(9.0, 9.0)) for o in whole().options[:1])
    }
    machines_are_late["options"] += whole().options[1:]
    for measure, least in (("p50", 1.0), ("p75", 1.25), ("p76", 1.5), ("worst", 1.5), ("mean", 1.125)):
        asked = {"latency_measure": measure, **machines_are_late}
        found = provision(whole(latency_slo_s=least, **asked), 2.0, blocks=1)
        assert (found.status, found.counts) == ("optimal", (0,)), measure
        below = provision(whole(latency_slo_s=least * 0.999, **asked), 2.0, blocks=1)
        assert below.status == "infeasible", measure
        assert f"--latency-slo-ms {least * 1000:g}" in below.reason
