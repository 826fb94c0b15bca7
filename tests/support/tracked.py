"""A machine that serves 20 requests a second, and a function beside it."""

from __future__ import annotations

import math

from serflow_opt.traffic.service import Block, Function, Machine, Service

MACHINE = Machine("m", 1e-5, 4, (0.2, 0.2), start_s=60.0)
CALL = Function("f", (0.2, 0.2), usd_per_s=1e-4, usd_per_request=0.0)


def service(function: Function | None = CALL) -> Service:
    """A machine serves 20 requests/s."""
    return Service("one", (Block(0, 0, (MACHINE,), function),), (1.0,), (math.nan,), 0.5, 0.95)
