"""A small service to serve, clocks that are set by hand, and a loop on a file."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from serflow_opt.serving.clock import SteadyClock
from serflow_opt.serving.loop import ControlLoop
from serflow_opt.serving.measurement import Measurement, read_measurement
from serflow_opt.serving.store import ServiceStore
from serflow_opt.traffic.control.controller import Controller
from serflow_opt.traffic.service import Block, Function, Machine, Service

START_S = 1_800_000_000.0
"""What the wall clock shows at first."""
LARGE = Machine("large", 0.1 / 3600, 16, (1.0, 1.0), start_s=100.0)
SMALL = Machine("small", 0.06 / 3600, 8, (1.0, 1.0), start_s=50.0)
FUNCTION = Function("function", (1.0, 1.0), usd_per_s=0.5 * 1.667e-5, usd_per_request=2e-7)


def one_block(*machines: Machine, name: str = "one", function: Function | None = FUNCTION) -> Service:
    """One stage of one second."""
    block = Block(0, 0, machines or (LARGE,), function)
    return Service(name, (block,), (1.0,), (math.nan,), 1.0, thresholds=((1, 0.5),))


def two_blocks() -> Service:
    """Two stages in blocks of their own; half of the requests leave after the first."""
    blocks = (Block(0, 0, (LARGE, SMALL), FUNCTION), Block(1, 1, (SMALL,), FUNCTION))
    return Service("two", blocks, (0.5, 0.5), (0.9, 0.9), 3.0, thresholds=((1, 0.8),))


class HandClocks:
    """A wall clock and a steady one, moved by hand."""

    def __init__(self) -> None:
        self.wall_s, self.steady_s = START_S, 5.0

    def passes(self, seconds: float) -> None:
        """Let time pass on both."""
        self.wall_s += seconds
        self.steady_s += seconds

    def own(self, last: Sequence[float] | None = None) -> SteadyClock:
        """A clock of the service on them."""
        return SteadyClock(last, lambda: self.wall_s, lambda: self.steady_s)


def loop_on(path: Path, clocks: HandClocks, service: Service | None = None, **more: Any) -> ControlLoop:
    """A loop that goes on from a file."""
    store = ServiceStore(path)
    controller = Controller(service or one_block(), every_s=60.0)
    return ControlLoop(controller, store, clocks.own(store.kept("clock")), **more)


def counted(service: Service, *counts: float | None, **more: Any) -> Measurement:
    """A measurement of requests of the first block."""
    row = {key: more.pop(key) for key in ("from_s", "block") if key in more}
    return read_measurement(json.dumps({"requests": [{"block": 1, "counts": counts, **row}], **more}).encode(), service)
