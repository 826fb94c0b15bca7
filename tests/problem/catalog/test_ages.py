"""How old prices are, by a day that tests may fix."""

from __future__ import annotations

from datetime import date

import pytest

from serflow_opt.problem.catalog.ages import is_old, today


def test_the_day_can_be_fixed(monkeypatch: pytest.MonkeyPatch) -> None:
    """SOURCE_DATE_EPOCH 0 is 1 January 1970; without it the clock tells."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    assert today() == date(1970, 1, 1)
    monkeypatch.delenv("SOURCE_DATE_EPOCH")
    assert today() >= date(2026, 1, 1)


def test_prices_are_old_after_a_year(monkeypatch: pytest.MonkeyPatch) -> None:
    """A price of 2 January 2025 is old from 3 January 2026 on."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1767312000")  # 2 January 2026
    assert not is_old(date(2025, 1, 2))
    assert is_old(date(2025, 1, 1))
