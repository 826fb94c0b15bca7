"""Schedules as tables and documents: parts add up."""

from __future__ import annotations

import json
import math

import pytest
from support.schedule_cases import function, machine, trace

from serflow_opt.traffic.schedule.result import Schedule
from serflow_opt.traffic.schedule.solve import schedule
from serflow_opt.traffic.service import Block, Service


def mixed() -> Schedule:
    """Two blocks, two types each, one without a function."""
    own = tuple(
        machine(f"m{p}", 1.0 + 0.8 * p, 2.0 * (1 + p), start_s=3.0, billing_min_s=5.0, sends=False) for p in (0, 1)
    )
    blocks = (Block(0, 0, own, function()), Block(1, 1, own, None))
    return schedule(Service("s", blocks, (0.5, 0.5), (0.9, 0.9)), trace(8, 1, 9, 4, 0, 3, period_s=4.0), step_s=2.0)


@pytest.mark.parametrize("period_s", [None, 1.0, 5.0, 100.0])
def test_frame_sums_to_totals(period_s: float | None) -> None:
    """Tables in any period add up to the totals of the schedule."""
    found = mixed()
    frame = found.to_frame(period_s)
    assert frame.columns.tolist() == [
        "start_s", "block", "demand", "m0", "m1", "capacity", "function_requests", "usd_machines", "usd_functions",
    ]  # fmt: skip
    sums = frame[["demand", "function_requests", "usd_machines", "usd_functions"]].sum().tolist()
    assert sums == pytest.approx([25 * 1.5, found.function_requests, found.usd_machines, found.usd_functions])
    assert len(frame) == 2 * math.ceil(24 / (period_s or 2.0))


def test_document() -> None:
    """The document's parts add up, and its gap is reckoned from its own cost and bound."""
    found = mixed()
    document = json.loads(json.dumps(found.to_dict()))
    assert document["usd"] == found.usd
    assert document["usd"] == pytest.approx(document["usd_machines"] + document["usd_functions"])
    assert document["gap"] == (found.usd - found.bound) / found.usd <= 1e-3
    assert [len(block["rentals"]) for block in document["blocks"]] == [len(block.rentals) for block in found.blocks]
