"""Prices by volume as data."""

from __future__ import annotations

import pytest
from support.by_volume import A_MONTH

from serflow_opt.problem.tariffs import requests_per_month


def test_a_month_is_a_twelfth_of_a_year() -> None:
    """730 hours of one request a second are 2,628,000 requests."""
    assert requests_per_month(1.0) == 2_628_000
    assert requests_per_month(A_MONTH) == pytest.approx(1.0, rel=1e-15)
