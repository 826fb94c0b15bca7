"""How pictures write names, units and numbers."""

from __future__ import annotations

import math

SCALES = {"cost": 1e6, "carbon": 1e6}
"""What an objective of a front is multiplied by in pictures; 1 where it does not stand here."""


def plain(text: str) -> str:
    """Keep matplotlib from reading dollar signs as mathematics."""
    return text.replace("$", r"\$")


def objective_title(name: str, measure: str) -> str:
    """Name an objective and its unit in pictures; `measure` is the instance's latency measure."""
    return {
        "cost": "USD per million requests",
        "latency": f"latency, {measure} (ms)",
        "accuracy": "accuracy",
        "privacy": "privacy loss (leak)",
        "energy": "energy (J per request)",
        "carbon": "g CO2e per million requests",
    }.get(name, name)


def amount(size: float) -> str:
    """Write a number of bytes: 512 B, 4.6 kB, 12.8 MB."""
    power = min(int(math.log10(size) // 3), 4) if size >= 1 else 0
    value = size / 1000**power
    if power == 0:
        return f"{value:.0f} B"
    return f"{value:.{max(0, 2 - int(math.log10(value)))}f} {'kMGT'[power - 1]}B"


def money(usd: float) -> tuple[float, str]:
    """Return USD of a request as USD of as many requests as make it readable, and how many they are."""
    return (1e6 * usd, "a million") if usd == 0 or usd >= 1e-8 else (1e9 * usd, "a billion")


def percent(share: float) -> str:
    """Write a share: 76.9 %, 100 %, <0.1 %."""
    if 0 < share < 0.0005:
        return "<0.1 %"
    return f"{100 * share:.0f} %" if share >= 0.9995 else f"{100 * share:.1f} %"


def brief(value: float) -> str:
    """Write a number with three digits that count, and without an exponent where it reads well without."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    if 1e-3 <= abs(value) < 1e4:
        digits = max(0, 2 - math.floor(math.log10(abs(value))))
        return f"{value:.{digits}f}"
    return f"{value:,.0f}" if abs(value) >= 1e4 else f"{value:.2g}"
