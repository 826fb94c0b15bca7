"""One block of machines and a function under a controller, with LIBRA's constants."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from serflow_opt.traffic.demand.trace import Trace
from serflow_opt.traffic.scaling_policy import Seen
from serflow_opt.traffic.service import Block, Function, Machine, Service

RENT, PRICE, ROOM = 0.1 / 3600, 0.5 * 1.667e-5 + 2e-7, 16
"""LIBRA's constants: rent of a machine, price of a request on the function, requests a machine serves at once."""
LARGE = Machine("m4.large", RENT, ROOM, (1.0, 1.0), start_s=100.0)
LAMBDA = Function("lambda", (1.0, 1.0), usd_per_s=0.5 * 1.667e-5, usd_per_request=2e-7)


def service(*machines: Machine, function: Function | None = LAMBDA, slo_s: float | None = 1.0) -> Service:
    """One stage of one second."""
    return Service("one", (Block(0, 0, machines or (LARGE,), function),), (1.0,), (math.nan,), slo_s)


def seen(now: float, counts: Any, ready: dict[str, int] | None = None, **more: Any) -> Seen:
    """What one block saw."""
    nothing: dict[str, int] = {}
    return Seen(
        now,
        (np.asarray(counts, dtype=np.int64),),
        (ready or {},),
        (more.get("starting", nothing),),
        (more.get("failed", nothing),),
        (more.get("throttled", 0),),
    )


def steady(rate: float, seconds: int) -> Trace:
    """A trace of one rate."""
    return Trace(np.full(seconds, round(rate), dtype=np.int64), 1.0, np.ones(seconds))


class Says:
    """A forecaster that says what it is told to."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def observe(self, counts: Any) -> None:
        """Do not listen."""

    def rates(self) -> Any:
        """Say it."""
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def state(self) -> dict[str, Any]:
        """Nothing."""
        return {}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Nothing."""
