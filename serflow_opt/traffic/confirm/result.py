"""What a confirmation found."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal

Verdict = Literal["kept", "broken", "undecided"]


@dataclass(frozen=True, slots=True)
class LatencyTarget:
    """What is promised of latency.

    Attributes
    ----------
    measure
        share: at most `share` of the requests end after `slo_s`; mean: they take at most `slo_s` on average.
    slo_s
        Seconds.
    share
        Of all requests.
    """

    measure: Literal["share", "mean"]
    slo_s: float
    share: float = 0.0

    @property
    def limit(self) -> float:
        """What the measure may be: a share, or seconds."""
        return self.share if self.measure == "share" else self.slo_s

    def within(self, low: float, high: float) -> float:
        """Return how far an interval is from the limit at most, of the limit."""
        return max(abs(low - self.limit), abs(high - self.limit)) / self.limit if self.limit else math.inf


@dataclass(frozen=True, slots=True)
class Confirmation:
    """Whether a service keeps a promise of latency, as independent batches of requests have it.

    Attributes
    ----------
    verdict
        kept or broken: the interval is on that side of the limit; undecided: it is on both (`within` how much of it).
    target
        The promise.
    value, low, high
        Share late, or mean seconds, and its confidence interval; NaN where nothing was simulated.
    confidence
        That the interval holds it, whenever the simulation ended.
    seed
        Of all that was drawn.
    requests, batches
        How many were simulated, those cut off included, and in how many batches.
    waited_s
        Mean seconds that a request waited for workers.
    on_function
        By block, share of the requests entering it that ran on its function; empty where nothing was simulated.
    note
        What else is to be said of it in a line; empty: nothing.
    """

    verdict: Verdict
    target: LatencyTarget
    value: float
    low: float
    high: float
    confidence: float
    seed: int
    requests: int
    batches: int
    waited_s: float
    on_function: tuple[float, ...]
    note: str = ""

    @property
    def within(self) -> float:
        """How far the interval is from the limit at most, of the limit; NaN where nothing was simulated."""
        return self.target.within(self.low, self.high) if math.isfinite(self.value) else math.nan

    @property
    def said(self) -> str:
        """The verdict in words; where the interval is on both sides of the limit, how near it is to that."""
        near = self.verdict == "undecided" and self.within < 1
        return f"within {self.within * 100:.2g} % of what is allowed" if near else self.verdict

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON has it; None for what is not known or has no bound."""
        return {
            key: None if isinstance(entry, float) and not math.isfinite(entry) else entry
            for key, entry in (asdict(self) | {"on_function": list(self.on_function)}).items()
        }
