"""A plan of `tiny.adapted` with every adaptation."""

from __future__ import annotations

from typing import Any


def halfway(**changes: Any) -> dict[str, Any]:
    """v8 at stage 1, f8 at stage 2, handed over small, half leave."""
    return {
        "placement": [{"stage": 1, "tier": "vm", "option": "v"}, {"stage": 2, "tier": "fn", "option": "f"}],
        "thresholds": [{"stage": 1, "threshold": 0.5}],
        "handovers": [{"before_stage": 2, "compression": "quantise-8"}],
        "variants": [{"stages": [1, 2], "variant": "int8"}],
        **changes,
    }
