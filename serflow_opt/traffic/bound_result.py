"""What no autoscaler can pay less than, with a schedule that comes near it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from serflow_opt.errors import InputError, Problem
from serflow_opt.ground.display import Displayed
from serflow_opt.ground.gaps import relative_gap
from serflow_opt.ground.tolerances import WHOLE_MACHINE

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class ScaledPool:
    """Machines of one type, and what is promised of them.

    Attributes
    ----------
    slo_s
        Seconds from arrival within which a request must be served.
    capacity_per_s
        Requests a second that a machine serves at most.
    usd_per_hour, start_s, billing_min_s
        Rent, seconds from order to first request, least seconds billed.
    late
        Share of the requests that may be late.
    """

    slo_s: float
    capacity_per_s: float
    usd_per_hour: float
    start_s: float = 0.0
    billing_min_s: float = 0.0
    late: float = 0.0

    @property
    def usd_per_s(self) -> float:
        """Rent of a second."""
        return self.usd_per_hour / 3600


@dataclass(frozen=True, slots=True, repr=False)
class CostBound(Displayed):
    """The least that an autoscaler can pay for a trace.

    Attributes
    ----------
    trace, requests, trace_s
        Its name, its requests, its length in seconds.
    step_s
        Seconds between the moments at which machines become ready or stop.
    usd
        What no autoscaler pays less than.
    reached_usd
        Rent of a schedule that serves requests as they come, none waiting.
    billing_counted
        Whether the least billing is in the bound; else it is only in `reached_usd`.
    demand_per_s, machines
        By step: requests a second, and machines ready in that schedule.
    seconds
        How long it took to find.
    paid_usd
        What somebody paid; None: nothing is known.
    """

    trace: str
    requests: int
    trace_s: float
    step_s: float
    pool: ScaledPool
    usd: float
    reached_usd: float
    billing_counted: bool
    demand_per_s: tuple[float, ...]
    machines: tuple[int, ...]
    seconds: float
    paid_usd: float | None = None

    @property
    def gap(self) -> float:
        """How far the bound is below what is reached, relative."""
        return relative_gap(self.reached_usd, self.usd)

    @property
    def static_usd(self) -> float:
        """Rent of machines for the peak, all the time: what it costs not to scale."""
        count = math.ceil(max(self.demand_per_s, default=0.0) / self.pool.capacity_per_s * (1 - WHOLE_MACHINE))
        return count * self.pool.usd_per_s * (self.trace_s + (self.pool.start_s if count else 0.0))

    @property
    def scope(self) -> str:
        """Whom it bounds."""
        pool = self.pool
        served = f"all but {pool.late:.4g} of the requests" if pool.late else "every request"
        billing = "" if self.billing_counted else f"; the {pool.billing_min_s:g} s billed at least are left out of it"
        return (
            f"every autoscaler whose machines become ready or stop at multiples of {self.step_s:,.10g} s, "
            f"serve at most {pool.capacity_per_s:g} requests/s each, and serve {served} within {pool.slo_s:g} s; "
            f"requests come evenly within a period of the trace{billing}"
        )

    @property
    def above(self) -> float | None:
        """By how much what was paid is above the bound, relative to it; None where nothing is known."""
        return self.paid_usd / self.usd - 1 if self.paid_usd is not None and self.usd > 0 else None

    def _said(self) -> str:
        return f"{self.trace}: no less than {self.usd:.6g} USD"

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON document."""
        own = {name: getattr(self, name) for name in self.__slots__}
        lists = {"demand_per_s": list(self.demand_per_s), "machines": list(self.machines)}
        said = {"gap": self.gap, "static_usd": self.static_usd, "above": self.above, "scope": self.scope}
        return {"bound": "autoscaler", **own, "pool": asdict(self.pool), **said, **lists}

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Self:
        """Return what a document is of.

        Raises
        ------
        InputError
            For a document of something else.
        """
        try:
            own = {name: document[name] for name in cls.__slots__}
            own |= {"pool": ScaledPool(**document["pool"])}
            own |= {"demand_per_s": tuple(map(float, document["demand_per_s"]))}
            own |= {"machines": tuple(map(int, document["machines"]))}
            return cls(**own)
        except (KeyError, TypeError, ValueError):
            cure = "give what `bound --json` printed"
            raise InputError([Problem("", "", "no document of a bound", cure)]) from None

    def to_frame(self) -> pd.DataFrame:
        """Return a row a step: start_s, demand_per_s, machines."""
        import pandas as pd

        start = np.arange(len(self.machines)) * self.step_s
        return pd.DataFrame({"start_s": start, "demand_per_s": self.demand_per_s, "machines": self.machines})
