"""Reproduced figures as tables."""

from __future__ import annotations

from serflow_opt.claims.result import Judged, Reproduction
from serflow_opt.report.claims import as_markdown

ROWS = (
    Judged("a", "paper | 2", "what", 1.5, 1.61234567, "s", "refuted", "why", 0.1),
    Judged("b", "paper", "word", "yes", None, "", "not reproducible", "no data", 0.0),
)


def test_reasons_stand_below() -> None:
    """Figures with their units, reasons of those that do not come out, and how many did."""
    told = str(Reproduction(ROWS))
    for said in ("1.5 s", "b: no data", "2 claims: 0 confirmed, 1 refuted, 1 not reproducible"):
        assert said in told


def test_a_page_has_four_digits() -> None:
    """Last bits do not change it, and a bar in a text is no new cell."""
    assert "| what | paper \\| 2 | 1.5 s | 1.612 s | refuted: why |" in as_markdown(Reproduction(ROWS))
