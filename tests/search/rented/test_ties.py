"""Of equally good plans on whole machines the fastest."""

from __future__ import annotations

import dataclasses

import pytest
from support import tiny

import serflow_opt as so
from serflow_opt import kernels

pytestmark = pytest.mark.skipif(not kernels.compiled, reason="kernels are not compiled here")


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize("measure", ["worst", "p90"])
def test_of_two_machines_at_one_price_the_faster_is_taken(order: tuple[int, int], measure: str) -> None:
    """One machine of either kind is enough for so few requests: they cost the same, and one takes half as long."""
    instance = tiny.one_vm(accounting="reserved", rate_per_s=0.01, latency_measure=measure)
    v = instance.options[0]
    fast = dataclasses.replace(v, name="fast", stage_seconds=tuple(t / 2 for t in v.stage_seconds))
    options = tuple((v, fast)[k] for k in order)
    plan = so.solve(dataclasses.replace(instance, options=options, latency_slo_s=100.0), method="mixes")
    assert plan.status == "optimal"
    assert {place.option for place in plan.placement} == {"fast"}
