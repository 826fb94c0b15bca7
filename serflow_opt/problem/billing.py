"""How calls of functions are billed: the rule stands here, the prices come from the catalogue or the instance file."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from serflow_opt.ground.arrays import Floats
from serflow_opt.ground.tolerances import ROUNDING

AS_USED = {"billing_step_s": 0.0, "billing_min_s": 0.0}
"""Rules by which calls cost their seconds as they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallBilling:
    """What a call of a function costs; of machines only the price of a second says anything.

    Attributes
    ----------
    usd_per_s
        Price of a busy second of a worker: rent / 3600 / workers, or for functions price per GB-s x memory.
    usd_per_request
        Functions: fee per invocation.
    billing_step_s, billing_min_s
        Functions: what the seconds of a call are rounded up to, 0: not at all; and the least of a call that is billed.
    """

    usd_per_s: float
    usd_per_request: float = 0.0
    billing_step_s: float = 0.0
    billing_min_s: float = 0.0

    @property
    def rounds(self) -> bool:
        """Whether other seconds are billed than were used."""
        return bool(self.billing_step_s or self.billing_min_s)

    def billed_s(self, seconds: float) -> float:
        """Return the seconds of a call that are billed: rounded up, `billing_min_s` at least."""
        step = self.billing_step_s
        return max(math.ceil(seconds / step * (1 - ROUNDING)) * step if step else seconds, self.billing_min_s)

    def usd_of_calls(self, seconds: Floats) -> Floats:
        """Return what calls cost that took so many seconds each, cold starts included, USD."""
        step = self.billing_step_s
        billed = np.ceil(seconds / step * (1 - ROUNDING)) * step if step else seconds
        usd: Floats = self.usd_per_request + self.usd_per_s * np.maximum(billed, self.billing_min_s)
        return usd

    def usd_of_cold(self, share: float, seconds: float) -> float:
        """Return what cold starts add to a call on average, USD.

        Parameters
        ----------
        share
            Of the calls that meet one.
        seconds
            Of a cold start.
        """
        return self.usd_per_s * share * seconds

    @property
    def prices(self) -> tuple[float, ...]:
        """What is the better the less."""
        return self.usd_per_s, self.usd_per_request

    def terms(self) -> dict[str, Any]:
        """Return prices and rules by name, for whatever is billed alike."""
        return {own.name: getattr(self, own.name) for own in fields(CallBilling)}
