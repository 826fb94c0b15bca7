"""Documents whose machines are rented whole, and their fronts."""

from __future__ import annotations

from typing import Any

from oracles.adapted_instances import adapted_document
from oracles.brute_fronts import adapted_front


def coupled(seed: int) -> dict[str, Any]:
    """A document with rented machines and a percentile of the latency."""
    document = adapted_document(seed, limits=False)
    document["workload"] |= {"rate_per_s": 20.0, "latency_measure": ("p95", "mean", "p90")[seed % 3]}
    document["objective"] = {"minimize": "cost", "accounting": "reserved"}
    return document


def a_document() -> dict[str, Any]:
    """The first document with a front of some size."""
    return next(
        d for d in map(coupled, range(500, 540)) if 5 < len(adapted_front(d, ("cost", "latency", "privacy"))) < 15
    )
