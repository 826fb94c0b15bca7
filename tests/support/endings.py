"""Two stages of which the second may not be reached."""

from __future__ import annotations

from typing import Any

from support.helpers import changed, two_tiers


def may_end(**tables: Any) -> dict[str, Any]:
    """`two_tiers` where all may leave at stage 1, at the threshold 0.1, with 75 % of them right."""
    document = changed(two_tiers(), **tables)
    document["tables"]["exits.csv"].insert(0, {"stage": 1, "threshold": 0.1, "exit_rate": 1, "accuracy": 0.75})
    return document
