"""What index sets leave out, and that nothing best is lost."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from support import tiny
from support.adapted_models import ways_before
from support.endings import may_end
from support.helpers import load

from serflow_opt.formulations.coefficients import NOTHING, Data
from serflow_opt.formulations.reductions import ending_matters
from serflow_opt.problem.network import PLAIN, HandoverMode


def better(**changes: Any) -> HandoverMode:
    """`tiny.SMALL` with other figures."""
    return dataclasses.replace(tiny.SMALL, **changes)


@pytest.mark.parametrize(
    ("other", "kept"),
    [
        (better(), {0, 1}),  # equal: the first is enough
        (better(kept=0.25), {0, 2}),
        (better(encode_flops=0.5), {0, 1}),
        (better(decode_flops=0.75), {0, 1}),
        (better(accuracy_loss=0.125), {0, 1}),
        (better(leak=0.8), {0, 1}),
        (better(cross_entropy_added=0.25), {0, 1}),
        (better(kept=0.25, leak=0.8), {0, 1, 2}),
        (better(kept=0.75, accuracy_loss=-0.0625), {0, 1, 2}),
    ],
)
def test_beaten_ways_are_left_out(other: HandoverMode, kept: set[int]) -> None:
    """A way to hand over is dropped only where another is as good in everything."""
    assert ways_before(tiny.in_ways(ways=((PLAIN,), (tiny.AS_IT_IS, tiny.SMALL, other))), 2) == kept


def test_a_leak_counts_on_untrusted_links_only() -> None:
    """Noise only lowers the leak: where the link is trusted, as it is is better in everything."""
    links = {ends: dataclasses.replace(link, trusted=True) for ends, link in tiny.in_ways().links.items()}
    assert ways_before(tiny.in_ways(), 2) == {0, 1, 2}
    assert ways_before(tiny.in_ways(links=links), 2) == {0, 1}


@pytest.mark.parametrize(
    ("floor", "ceiling", "kept"),
    [
        (0.25, None, {0, 1, 2}),
        (0.26, None, {2}),
        (0.75, None, {2}),
        (0.76, None, set()),
        (None, 0.5, {0, 1, 2}),
        (None, 0.4, {0, 1}),
        (None, 0.25, {0}),
        (None, 0.2, set()),
        (0.26, 0.4, set()),
    ],
)
def test_ways_that_privacy_limits_forbid_are_left_out(
    floor: float | None, ceiling: float | None, kept: set[int]
) -> None:
    """Errors are 0.25, 0.25, 0.75, cross-entropies 0.25, 0.375, 0.5, survey 2.2.2 (2). The input has none of either."""
    asked = dataclasses.replace(tiny.in_ways().privacy, mse_min=floor, cross_entropy_max=ceiling)
    instance = tiny.in_ways(privacy=asked)
    assert ways_before(instance, 2) == kept
    # the way in is trusted, and has no cross-entropy; from the client to the function nothing is crossed
    assert ways_before(instance, 1) == {0, NOTHING}
    trust = {("client", "vm"): False, ("vm", "fn"): False}
    links = {ends: dataclasses.replace(link, trusted=trust[ends]) for ends, link in instance.links.items()}
    into = {k for s, _, k, _ in Data(dataclasses.replace(instance, links=links)).hops if s == 1}
    assert into == ({0, 1} if floor is None else {1}), (
        "an unknown error keeps no floor; to the function nothing crosses"
    )


def test_ends_are_looked_at_only_where_they_matter(tmp_path: Path) -> None:
    """In the mean and in a percentile what nobody reaches is nothing already, if it fits the memory."""
    for measure, matters in (("worst", True), ("mean", False), ("p95", False)):
        instance = load(may_end(workload={"latency_measure": measure}), tmp_path)
        assert ending_matters(instance) == matters
        assert bool(Data(instance).ends) == matters
    assert not Data(load(may_end(workload={"accuracy_min": 0.76}), tmp_path)).ends
    assert not Data(load(may_end(objective={"accounting": "as-printed"}), tmp_path)).ends
    cramped = may_end(workload={"latency_measure": "mean"})
    cramped["tier"][0]["option"][0]["memory_mb"] = 10
    assert Data(load(cramped, tmp_path)).ends
