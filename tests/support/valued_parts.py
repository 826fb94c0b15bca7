"""A part of a deployment and what a simulation said, as they would come out."""

from __future__ import annotations

import dataclasses
from typing import Any

from serflow_opt.traffic.confirm.result import Confirmation, LatencyTarget, Verdict
from serflow_opt.traffic.provision.result import Part


def part(**changes: Any) -> Part:
    base = Part(1, 2, "vm", 2, 3, 5.0, "fn", 1e-6, 1.0, 4.0, 0.5, 0.6, 1e-4, 1e-6, 0.0)
    return dataclasses.replace(base, **changes)


def confirmation(verdict: Verdict) -> Confirmation:
    return Confirmation(verdict, LatencyTarget("share", 1.0, 0.05), 0.05, 0.04, 0.06, 0.99, 0, 1000, 10, 0.1, (0.1,))
