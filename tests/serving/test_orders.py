"""Orders as a document."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from support.serving import START_S, two_blocks

from serflow_opt.serving.orders import document_of, stamp, wanted
from serflow_opt.traffic.scaling_policy import Orders, Seen
from serflow_opt.traffic.service import Function, Service

SEEN = Seen(10.0, (np.array([2.0, np.nan, 4.0]), np.zeros(0)), ({"large": 1}, {}), ({}, {"small": 2}), ({}, {}), (0, 0))
REPORTED = ({"large": True, "small": False}, {"small": False})


def made(service: Service, orders: Orders) -> dict[str, object]:
    return document_of(service, orders, SEEN, number=3, decided_at_s=START_S, reported=REPORTED)


def test_a_document_has_a_row_for_each_type() -> None:
    """Types that are not wanted have 0; seconds not known are left out of the rate."""
    found = made(two_blocks(), Orders(({"large": 3}, {"small": 1}), (4, 5)))
    first, second = found["blocks"]  # type: ignore[misc]
    assert [(row["type"], row["count"], row["ready"], row["reported"]) for row in first["machines"]] == [
        ("large", 3, 1, True),
        ("small", 0, 0, False),
    ]
    assert (first["queue_max"], first["requests_per_s"], first["stages"]) == (4, 3.0, [1, 1])
    assert (first["seconds"], second["seconds"]) == (2, 0)
    assert (second["machines"][0]["starting"], second["requests_per_s"]) == (2, None)
    assert (wanted(found, 0), wanted(found, 0, "small"), wanted(found, 1, "small"), wanted(None, 0)) == (3, 0, 1, None)


def test_thresholds_are_those_of_the_menu_in_force() -> None:
    """Under overload those of the second one."""
    service = two_blocks()
    both = replace(service, degraded=replace(service, thresholds=((1, 0.3),)))
    assert made(both, Orders(({}, {})))["thresholds"] == [{"stage": 1, "threshold": 0.8}]
    assert made(both, Orders(({}, {}), degraded=True))["thresholds"] == [{"stage": 1, "threshold": 0.3}]


def test_blocks_that_take_batches_say_of_what_size() -> None:
    """And how long the first request of one waits; others have no such keys."""
    service = two_blocks()
    first, second = service.blocks
    batched = replace(service, blocks=(first, replace(second, batch=8, batch_wait_s=0.02)))
    one, many = made(batched, Orders(({}, {})))["blocks"]  # type: ignore[misc]
    assert "batch" not in one
    assert (many["batch"], many["batch_wait_ms"]) == (8, 20.0)


def test_functions_that_are_kept_warm_say_how() -> None:
    """Two environments by name every 240 s; a block whose function is not kept has no such key."""
    service = two_blocks()
    first, second = service.blocks
    call = Function("call", (0.1, 0.1), usd_per_s=1e-4)
    warm = replace(service, blocks=(replace(first, function=call), second))
    one, other = made(warm, Orders(({}, {}), keep_warm=(2, 0)))["blocks"]  # type: ignore[misc]
    assert one["keep_warm"] == {"count": 2, "every_s": 240.0, "held_ms": 1.0, "named": True}
    assert "keep_warm" not in other
    together = replace(warm, blocks=(replace(first, function=replace(call, named=False)), second))
    held = made(together, Orders(({}, {}), keep_warm=(2, 0)))["blocks"][0]["keep_warm"]  # type: ignore[index]
    assert (held["held_ms"], held["named"]) == (100.0, False)


def test_moments_are_told_in_utc() -> None:
    """1,800,000,000 s are 15 January 2027, 8 o'clock."""
    assert stamp(START_S) == "2027-01-15T08:00:00.000Z"
