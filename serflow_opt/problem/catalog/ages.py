"""How old prices are."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta

OLD = timedelta(days=365)
"""Prices change about as often; older ones are pointed out."""


def today() -> date:
    """Return the day by the clock, or of SOURCE_DATE_EPOCH (seconds since 1970): for answers that stay the same."""
    fixed = os.environ.get("SOURCE_DATE_EPOCH", "")
    return datetime.fromtimestamp(int(fixed), UTC).date() if fixed.isdigit() else date.today()


def is_old(as_of: date) -> bool:
    """Whether a price of this day is more than a year old."""
    return today() - as_of > OLD
