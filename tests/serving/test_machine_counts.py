"""Machines as reported, and as orders should have come to pass."""

from __future__ import annotations

import pytest
from support.serving import one_block, two_blocks

from serflow_opt.errors import InputError
from serflow_opt.serving.machine_counts import MachineCounts, TypeCounts
from serflow_opt.serving.measurement import MachineReport


def test_orders_are_taken_for_carried_out() -> None:
    """Three ordered at 0 serve at 100; of two more at 120 one is stopped again, then all that start, then one more."""
    own = TypeCounts(start_s=100.0)
    own.want(3, 0.0)
    assert (own.assumed, own.starting) == (0, [(100.0, 3)])
    own.want(5, 120.0)
    assert (own.assumed, own.starting) == (3, [(220.0, 2)])
    own.want(4, 130.0)
    assert (own.assumed, own.starting) == (3, [(220.0, 1)])
    own.want(2, 140.0)
    assert (own.assumed, own.starting) == (2, [])


def test_reports_are_believed_for_a_while() -> None:
    """Then the orders speak again."""
    counts = MachineCounts(one_block(), believed_s=60.0)
    counts.want([{"large": 2}], 0.0)
    counts.report(MachineReport(0, "large", 1, 4, 5), 200.0)
    assert counts.ready(200.0) == ({"large": 1},)
    assert counts.starting(200.0) == ({"large": 4},)
    assert counts.failed() == ({"large": 5},)
    assert counts.reported(200.0) == ({"large": True},)
    assert counts.ready(260.0) == ({"large": 2},)
    counts.want([{"large": 2}], 260.0)
    assert counts.failed() == ({"large": 0},)


def test_a_state_is_gone_on_from() -> None:
    """The same counts at the same moments."""
    counts = MachineCounts(two_blocks(), believed_s=60.0)
    counts.want([{"large": 2, "small": 1}, {"small": 3}], 10.0)
    counts.report(MachineReport(1, "small", 1, 2, 1), 30.0)
    other = MachineCounts(two_blocks(), believed_s=60.0)
    other.restore(counts.state())
    for now in (31.0, 61.0, 95.0, 200.0):
        assert other.ready(now) == counts.ready(now)
        assert other.starting(now) == counts.starting(now)
    with pytest.raises(InputError, match="of 1 blocks"):
        MachineCounts(one_block(), 60.0).restore(counts.state())
