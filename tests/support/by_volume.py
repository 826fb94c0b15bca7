"""`tiny.two_stages` with bytes priced by volume. One request comes in a month: its bytes are those of the month."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

from support import tiny

from serflow_opt.problem.instance import Instance
from serflow_opt.problem.rules import Rule
from serflow_opt.problem.tariffs import EgressTariff

A_MONTH = 1 / (730 * 3600)
"""Requests a second of which one comes in a month."""
FALLING = EgressTariff("out", (2.0, math.inf), (0.5, 0.25))
"""Half a dollar for each of the first two bytes, a quarter for each further one."""
FREE = EgressTariff("out", (1.0, 2.0, math.inf), (0.0, 0.5, 0.25))
"""One byte free, one at half a dollar, a quarter for each further one."""


def by_volume(tariff: EgressTariff = FALLING, **changes: Any) -> Instance:
    """The hand-over's 4 bytes under a tariff, in the place of its price; input flat, and dear."""
    two = tiny.two_stages()
    links = {
        ("client", "vm"): two.links["client", "vm"],
        ("vm", "fn"): dataclasses.replace(two.links["vm", "fn"], usd_per_byte=0.0, egress=tariff.name),
    }
    return dataclasses.replace(two, **({"links": links, "egress": (tariff,), "rate_per_s": A_MONTH} | changes))


def apart(instance: Instance) -> Instance:
    """The same with the first stage on v and the second one on f: what goes on crosses."""
    return dataclasses.replace(instance, rules=(Rule(0, 0, only=("v",)), Rule(1, 1, only=("f",))))
