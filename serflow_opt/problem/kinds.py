"""Words that instance files choose from, and what they stand for."""

from __future__ import annotations

from typing import Literal

TierKind = Literal["device", "edge", "vm", "function"]
Accounting = Literal["per-request", "reserved", "as-printed"]
Minimize = Literal["cost", "latency", "privacy", "energy", "carbon", "weighted"]
Objective = Literal["cost", "latency", "privacy", "energy", "carbon", "accuracy"]
Tail = Literal["fixed", "normal", "any"]
ThresholdMode = Literal["menu", "interpolated", "randomized"]
Mode = Literal["infer", "train"]
BACKWARD = 2.0
"""Operations of the way back for each of the way there, where nothing was measured: by the input, by the weights."""
CLIENT = "client"
"""The source that is no tier: where requests come from."""
LATENCY_MEASURE = r"worst|mean|p(5\d|[6-8]\d|9\d)(\.\d+)?"
"""worst, mean, or a percentile p50 .. p99.9 (survey 2.2.3 (2) bounds the worst case)."""
LATENCY_MEASURES_IN_WORDS = "write worst, mean, or a percentile from p50 to p99.9"
AS_IS = -1
"""Stands where a variant's position could: the stage runs as it is."""
