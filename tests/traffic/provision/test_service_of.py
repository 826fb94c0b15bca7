"""From structures and thresholds to services: shares, times by outcome, and machines to choose from, by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from support.provision_by_head import BOTH, CALLS, MACHINES, pricing, served, structure_of, whole

from serflow_opt.problem.offers import Option
from serflow_opt.traffic.provision.service_of import scalable


def test_blocks_have_times_by_outcome() -> None:
    """On v who leaves at stage 1 takes 1 s and who goes on 1 s, too; behind is the function, after 0.5 s."""
    priced = pricing(whole(latency_slo_s=9.0, latency_measure="p90"), blocks=2)
    service = served(priced, structure_of(priced, ((0, 0), MACHINES), ((1, 1), CALLS)), 1, 0)
    first, second = service.blocks
    assert first.machines[0].seconds == (1.0, 1.0)
    assert first.machines[0].sends
    assert second.function is not None
    assert second.function.seconds == (0.25, 0.25)
    assert (second.hop_s, second.hop_usd) == (0.5, 0.125)
    assert service.shares == pytest.approx((0.25, 0.75))
    assert service.accuracies == (0.9, 0.96)
    assert service.reach(1) == 0.75
    assert (service.slo_s, service.quantile) == (9.0, 0.9)


def test_nobody_answers_where_nobody_leaves() -> None:
    """A classifier that lets nobody go has no accuracy; a mean is no target that a single request may miss."""
    menus = (replace(whole().menus[0], exit_rates=(0.0, 0.25)), whole().menus[1])
    priced = pricing(whole(menus=menus, latency_slo_s=9.0, latency_measure="mean"))
    service = served(priced, structure_of(priced, ((0, 1), MACHINES)), 0, 0)
    assert math.isnan(service.accuracies[0])
    assert service.shares == (0.0, 1.0)
    assert (service.slo_s, service.quantile) == (None, 1.0)


def test_other_types_that_keep_the_times_come_after_its_own() -> None:
    """w is quicker for 1.5 times the rent, x slower for less: w may step in, by rent a request, x may not."""
    v, f = whole().options
    others = (Option("w", 0, (0.5, 1.0), usd_per_s=0.75), Option("x", 0, (2.0, 2.0), usd_per_s=0.1))
    priced = pricing(whole(options=(v, f, *others)))
    structure = structure_of(priced, ((0, 1), BOTH))
    (block,) = scalable(priced.instance, structure, (0, 0)).blocks
    assert [machine.name for machine in block.machines] == ["v", "w"]
    assert served(priced, structure, 0, 0).blocks[0].machines == block.machines[:1]
