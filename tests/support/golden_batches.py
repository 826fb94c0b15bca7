"""Golden cases of `formulations/batches.py`: see `test_formulations.py`."""

from __future__ import annotations

from typing import Any

import pyomo.core as pyo
from support import tiny
from support.golden_parts import golden, minimise, with_flow

from serflow_opt.formulations.batches import (
    BatchBlock,
    BlockRunners,
    add_batch_time,
    add_left,
    add_picks,
    add_room,
    batch_spending,
    build_batches,
)
from serflow_opt.formulations.coefficients import Data
from serflow_opt.formulations.pools import LateLimit

SMALL = BlockRunners(work={1: 2.0}, usd={1: 0.5}, rent=0.25, counts=(1, 2), caps=(0.5, 1.5), fill=0.0, seconds=1.0)
LARGE = BlockRunners(work={1: 1.0, 2: 0.5}, usd={}, rent=1.0, counts=(1,), caps=(4.0,), fill=0.75, seconds=3.0)
CALLED = BlockRunners(work={}, usd={2: 2.0}, seconds=1.0)
BESIDE = BlockRunners(work={1: 2.0, 2: 1.0}, usd={}, rent=0.25, counts=(1,), caps=(1.0,), calls={1: 3.0, 2: 4.0})
BLOCKS = (BatchBlock(1, (SMALL, LARGE)), BatchBlock(2, (CALLED,)))
"""Stage 1 on one of two types of machines in batches small or large, stage 2 on a function."""


def picked() -> tuple[Any, Data]:
    """Reach, and what runs the blocks."""
    data = Data(tiny.two_stages(accuracy_min=0.85))
    m = with_flow(data)
    add_picks(m, data, BLOCKS)
    return m, data


def only(m: Any, *names: str) -> Any:
    """A model without its other constraints."""
    for own in list(m.component_objects(pyo.Constraint)):
        if own.local_name not in names:
            m.del_component(own)
    return m


@golden("batches.add_picks")
def picks() -> Any:
    """pick_00 + pick_01 = 1 and pick_10 = 1; the small type knows stage 1, the large one hands on to stage 2, so both
    have on_{0,c,1}, on_{0,c,2}, which sum to R_1, R_2; each is between least and largest reach, times its pick.
    """
    m, _ = picked()
    return only(m, "one_pick", "split_on", "scale_on_low", "scale_on")


@golden("batches.add_room")
def room() -> Any:
    """Batches of the large type fill from a reach of 0.75 on. One number each: size_000 + size_001 = pick_00,
    size_010 = pick_01. Work in units of 2 s: on_001 <= 0.25 size_000 + 0.75 size_001, opened; and in units of 1 s (the
    geometric mean of 1 and 0.5 is rounded up): on_011 + 0.5 on_012 <= 4 size_010.
    """
    m, data = picked()
    add_room(m, data, BLOCKS)
    return only(m, "full_batches", "one_number", "batch_room")


@golden("batches.add_batch_time")
def time() -> Any:
    """1 s or 3 s, and 1 s, of 4 s: 0.25 pick_00 + 0.75 pick_01 + 0.25 pick_10 <= 1, opened."""
    m, data = picked()
    add_batch_time(m, data, BLOCKS, 4.0)
    return only(m, "batch_time")


@golden("batches.batch_spending")
def spending() -> Any:
    """In units of 0.5: rent 0.5 size_000 + 1 size_001 + 2 size_010, hand-over 1 on_001, calls 4 on_102."""
    m, data = picked()
    add_room(m, data, BLOCKS)
    only(m)
    return minimise(m, batch_spending(m, data, BLOCKS, 0.5))


@golden("batches.add_left")
def left() -> Any:
    """Both stages on one type with a function beside it: what it leaves of each level is at most what there is, what
    goes on from stage 1 there is what enters stage 2, and it is of its own block.
    """
    data = Data(tiny.two_stages(accuracy_min=0.85))
    m, blocks = with_flow(data), (BatchBlock(1, (BESIDE,), 2),)
    add_picks(m, data, blocks)
    add_left(m, data, blocks)
    return only(m, "left_lane", "left_survive", "left_of_own")


@golden("batches.add_room-beside")
def room_beside() -> Any:
    """Of work 2 and 1 machines have what they do not leave: 2 (on_001 - left_001) + on_002 - left_002 is at most 1."""
    data = Data(tiny.two_stages(accuracy_min=0.85))
    m, blocks = with_flow(data), (BatchBlock(1, (BESIDE,), 2),)
    add_picks(m, data, blocks)
    add_left(m, data, blocks)
    add_room(m, data, blocks)
    return only(m, "batch_room")


@golden("batches.build_batches")
def built() -> Any:
    """All of it, with at most 0.6 of the requests on stage 2, and 4 s: both types may run stage 1."""
    data = Data(tiny.two_stages(accuracy_min=0.85))
    return build_batches(data, BLOCKS, 4.0, LateLimit(weights=(0.0, 1.0), room=0.6), 1.0)


def built_names() -> set[str]:
    """Names of the constraints."""
    return {own.local_name for own in built().component_objects(pyo.Constraint)}
