"""What a simulation found."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from serflow_opt.ground.kept import Kept
from serflow_opt.ground.tolerances import ROUNDING, TOLERANCE
from serflow_opt.traffic.simulate.tally import Tally

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from serflow_opt.traffic.simulate.machines import MachineRental

REASONS = ("timeout", "throttled", "no machine")
"""Why requests are dropped: they waited too long; the function refused and there was no machine; none ever came."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Simulation(Kept):
    """A service under traffic.

    Attributes
    ----------
    arrivals, served, dropped
        Requests; those dropped by reason, see `REASONS`.
    entered, by_machine, by_function, cold_starts, throttled
        By block: requests that entered it, that ran on machines, on the function, those of the latter that met a cold
        start, and how often the function refused.
    latency
        Seconds from sent to answered of all served requests, in the order of their arrival.
    slo_s, violations
        Latency target, and requests that missed it or were dropped.
    accuracy
        Share of the answers that are right; None: unknown.
    usd
        Money for machines, functions and links.
    warm_calls, warm_cold, usd_warm
        By block, calls that did nothing but keep environments of the function warm, and those of them that met a cold
        start themselves: none of these is in the counts above. Their money, which is in that for functions.
    rentals
        All machines, each from order to bill.
    busy_worker_s
        Seconds that workers were held, all together.
    policy_errors
        When the policy failed, and how. The orders before were kept.
    period_s, periods
        Length and number of the periods of `to_frame`. They reach beyond the trace if anything lasted longer.
    degraded, degraded_s
        Requests that were served with the second menu of thresholds, and for how many seconds it was in force.
    batch_mean
        By block, how many requests were served together on average.
    carbon_g
        Grams of CO2e of machines that are on, of their work, and of functions, by the hour of the grid; empty: not
        counted.
    carbon_without
        As of `Service`.
    """

    service: str
    trace: str
    policy: str
    arrivals: int
    served: int
    dropped: dict[str, int]
    entered: tuple[int, ...]
    by_machine: tuple[int, ...]
    by_function: tuple[int, ...]
    cold_starts: tuple[int, ...]
    throttled: tuple[int, ...]
    latency: NDArray[np.float32]
    slo_s: float | None
    violations: int
    accuracy: float | None
    usd: dict[str, float]
    rentals: tuple[MachineRental, ...]
    busy_worker_s: float
    policy_errors: tuple[tuple[float, str], ...]
    period_s: float
    periods: int
    tallies: tuple[Tally, ...]
    degraded: int = 0
    degraded_s: float = 0.0
    batch_mean: tuple[float, ...] = ()
    carbon_g: dict[str, float] = field(default_factory=dict)
    carbon_without: str = ""
    warm_calls: tuple[int, ...] = ()
    warm_cold: tuple[int, ...] = ()
    usd_warm: float = 0.0

    @property
    def carbon_total_g(self) -> float | None:
        """All grams of CO2e; None: not counted."""
        return math.fsum(self.carbon_g.values()) if self.carbon_g else None

    @property
    def usd_total(self) -> float:
        """All money."""
        return math.fsum(self.usd.values())

    @property
    def kept(self) -> float:
        """Share of the requests that were answered in time."""
        return 1 - self.violations / self.arrivals if self.arrivals else 1.0

    @property
    def machine_seconds(self) -> float:
        """Seconds billed, of all machines together."""
        return math.fsum(rental.billed_s for rental in self.rentals)

    @property
    def taken_away(self) -> int:
        """Machines that were taken away."""
        return sum(rental.taken for rental in self.rentals)

    @property
    def utilisation(self) -> float:
        """Share of the billed worker-seconds in which a request held the worker."""
        billed = math.fsum(rental.workers * rental.billed_s for rental in self.rentals)
        return self.busy_worker_s / billed if billed > 0 else 0.0

    @property
    def latency_mean_s(self) -> float:
        """Mean latency of the served requests; NaN: none was served."""
        return float(self.latency.mean(dtype=float)) if len(self.latency) else math.nan

    def percentile(self, q: float) -> float:
        """Return the least latency that q percent of the served requests keep; NaN: none was served."""
        if not len(self.latency):
            return math.nan
        rank = max(0, math.ceil(q / 100 * len(self.latency) * (1 - ROUNDING)) - 1)
        return float(np.partition(self.latency, rank)[rank])

    def _said(self) -> str:
        return f"{self.service}, {self.trace} by {self.policy}: {self.usd_total:.6g} USD, {self.kept:.4%} in time"

    def to_dict(self) -> dict[str, Any]:
        """Return the document that `simulate --json` prints; `save` keeps every latency, too."""

        def known(x: float | None) -> float | None:
            return None if x is None or not math.isfinite(x) else x

        return {
            "service": self.service,
            "trace": self.trace,
            "policy": self.policy,
            "requests": {"arrived": self.arrivals, "served": self.served, "dropped": dict(self.dropped)},
            "usd": {**self.usd, "total": self.usd_total},
            **({"usd_warm_calls": self.usd_warm} if any(self.warm_calls) else {}),
            **({"carbon_g": {**self.carbon_g, "total": self.carbon_total_g}} if self.carbon_g else {}),
            **({"carbon_without": self.carbon_without} if self.carbon_without else {}),
            "latency_ms": {
                "mean": known(self.latency_mean_s * 1000),
                **{f"p{q:g}": known(self.percentile(q) * 1000) for q in (50, 95, 99, 99.9)},
            },
            "latency_slo_ms": None if self.slo_s is None else self.slo_s * 1000,
            "kept_share": self.kept,
            "accuracy": self.accuracy,
            "degraded": {"requests": self.degraded, "seconds": self.degraded_s},
            "utilisation": self.utilisation,
            "machine_hours": self.machine_seconds / 3600,
            **({"machines_taken_away": self.taken_away} if self.taken_away else {}),
            "blocks": [
                {
                    "entered": self.entered[b],
                    "on_machines": self.by_machine[b],
                    "on_function": self.by_function[b],
                    "cold_starts": self.cold_starts[b],
                    "refused": self.throttled[b],
                    **({"warm_calls": self.warm_calls[b]} if any(self.warm_calls) else {}),
                    "batch_mean": known(self.batch_mean[b]) if self.batch_mean else 1.0,
                }
                for b in range(len(self.entered))
            ],
            "policy_errors": [{"at_s": at, "text": text} for at, text in self.policy_errors],
        }

    def to_frame(self) -> pd.DataFrame:
        """Return a table with a row a period and block.

        Requests, and what their calls and hand-overs cost, belong to the period when they entered the block, even where
        they were served or dropped later. Machines, their rent and their work are spread over the time they took.
        `machines_ready` and `machines_billed` are means over the period, `busy_share` is of the worker-seconds billed.
        """
        import pandas as pd

        frames = [self._block(b) for b in range(len(self.tallies))]
        return pd.concat(frames).sort_values(["start_s", "block"], ignore_index=True)

    def _block(self, b: int) -> pd.DataFrame:
        import pandas as pd

        n, tally = self.periods, self.tallies[b]
        machines = self._machines(b)
        dropped = {reason: tally.counts(reason, n) for reason in REASONS}
        lost = np.sum(list(dropped.values()), axis=0)
        arrivals, function = tally.counts("arrivals", n), tally.counts("function", n)
        workers = machines.seconds("workers", n)
        busy = tally.seconds("busy", n)
        return pd.DataFrame(
            {
                "start_s": np.arange(n) * self.period_s,
                "block": b,
                "arrivals": arrivals,
                "machine_requests": arrivals - function - lost,
                "function_requests": function,
                "cold": tally.counts("cold", n),
                "warm_calls": tally.counts("warm", n),
                "dropped": lost,
                "machines_ready": machines.seconds("ready", n) / self.period_s,
                "machines_billed": machines.seconds("billed", n) / self.period_s,
                "busy_share": np.divide(busy, workers, out=np.zeros(n), where=workers > TOLERANCE * self.period_s),
                "usd_machines": machines.seconds("usd", n),
                "usd_functions": tally.sums("usd function", n),
                "usd_links": tally.sums("usd link", n),
            }
        )

    def _machines(self, b: int) -> Tally:
        """Machine-seconds ready and billed, worker-seconds billed, and rent by period."""
        tally = Tally(self.period_s)
        rentals = [rental for rental in self.rentals if rental.block == b and rental.billed_s > 0]
        ordered, billed = _column(rentals, "ordered_s"), _column(rentals, "billed_s")
        ready, stopped = _column(rentals, "ready_s"), np.minimum(*(_column(rentals, x) for x in ("stopped_s", "end_s")))
        served = ready < stopped
        tally.spans("ready", ready[served], stopped[served])
        tally.spans("billed", ordered, ordered + billed)
        tally.spans("workers", ordered, ordered + billed, _column(rentals, "workers"))
        tally.spans("usd", ordered, ordered + billed, _column(rentals, "usd") / billed)
        return tally


def _column(rentals: list[MachineRental], name: str) -> NDArray[np.float64]:
    return np.array([getattr(rental, name) for rental in rentals], float)
