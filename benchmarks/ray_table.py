"""The table of a run on Ray Serve: promised and measured, each with an interval, and in words which of them meet."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from serflow_opt.ground.shares import interval
from serflow_opt.traffic.service import Service


@dataclass(frozen=True)
class Row:
    """A figure, promised and measured: value, least and most."""

    name: str
    promised: tuple[float, float, float]
    measured: tuple[float, float, float]

    @property
    def meets(self) -> bool:
        """Whether the intervals have a value in common."""
        return self.promised[1] <= self.measured[2] and self.measured[1] <= self.promised[2]

    @property
    def cells(self) -> list[str]:
        """The row of the table."""
        return [self.name, *(_told(*own) for own in (self.promised, self.measured)), "yes" if self.meets else "no"]


def _told(value: float, low: float, high: float) -> str:
    return f"{value:.4g}" if low == high == value else f"{value:.4g} ({low:.4g}, {high:.4g})"


def rows_of(
    service: Service, found: np.ndarray[Any, Any], usd: tuple[float, float, float], promised: list[Any]
) -> list[Row]:
    """Return all figures with intervals of 95 %: of seeds, of shares, of ranks.

    Parameters
    ----------
    service
        What was served.
    found
        By request: right (0 or 1), stage at which it left, seconds; not answered: NaN, NaN, infinite.
    usd
        What its replicas cost, at least and at most.
    promised
        Simulations, by seed.
    """
    latency, n = np.sort(found[:, 2]), len(found)
    slo = service.slo_s or math.inf

    def seeds(values: Sequence[float]) -> tuple[float, float, float]:
        low, high = np.quantile(values, [0.025, 0.975])
        return float(np.mean(values)), float(low), float(high)

    def share(count: int, of: int) -> tuple[float, float, float]:
        low, high = interval(count, of)
        return 100 * count / of, 100 * low, 100 * high

    rows = [
        Row(
            "cost of machines, mUSD",
            seeds([1000 * s.usd["machines"] for s in promised]),
            (1000 * usd[0], 1000 * usd[1], 1000 * usd[2]),
        ),
        Row(
            f"later than {1000 * slo:.0f} ms, %",
            seeds([100 * s.violations / s.arrivals for s in promised]),
            share(int((latency > slo).sum()), n),
        ),
    ]
    for q in (50, 95, 99):
        half = 1.96 * math.sqrt(n * q / 100 * (1 - q / 100))
        at = [int(np.clip(round(n * q / 100 + sign * half), 0, n - 1)) for sign in (0, -1, 1)]
        value, low, high = (1000 * float(latency[k]) for k in at)
        rows.append(Row(f"p{q}, ms", seeds([1000 * s.percentile(q) for s in promised]), (value, low, high)))
    assert service.draws is not None
    samples, answered = len(service.draws.exits), found[np.isfinite(found[:, 2])]
    both = [("accuracy, %", int(service.draws.right.sum()), int(answered[:, 0].sum()))]
    for stage in sorted({*dict(service.thresholds), len(service.shares)}):
        leave = int((service.draws.exits == stage - 1).sum())
        both.append((f"leave at stage {stage}, %", leave, int((answered[:, 1] == stage).sum())))
    return [*rows, *(Row(text, share(own, samples), share(count, len(answered))) for text, own, count in both)]


def verdict(rows: Sequence[Row]) -> str:
    """Say which figures do not meet."""
    apart = [row.name for row in rows if not row.meets]
    if not apart:
        return f"All {len(rows)} figures meet."
    return f"{len(rows) - len(apart)} of {len(rows)} figures meet; apart are: {'; '.join(apart)}."
