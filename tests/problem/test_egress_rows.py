"""Tiers of the catalogue's tariffs of bytes that leave."""

from __future__ import annotations

from datetime import date

from serflow_opt.problem.egress_rows import egress_rows


def test_tiers_follow_each_other_to_one_without_an_end() -> None:
    """Every tariff ends with a tier that has no end, and has a day and a source."""
    rows = egress_rows()
    for name in {row.name for row in rows}:
        ends = [row.up_to_gb for row in rows if row.name == name]
        assert ends[-1] is None
        assert ends[:-1] == sorted(ends[:-1])  # type: ignore[type-var]
    assert all(row.source and date.fromisoformat(row.as_of) for row in rows)


def test_a_row_says_every_field() -> None:
    """AWS's first 10,000 GB of a month to the internet are 0.09 USD each, as of 6 May 2026."""
    row = egress_rows()[0].to_dict()
    assert (row["name"], row["up_to_gb"], row["usd_per_gb"]) == ("aws-internet", 10000, 0.09)
    assert (row["provider"], row["as_of"]) == ("aws", "2026-05-06")
