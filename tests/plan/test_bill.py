"""The month's bill as documents have it."""

from __future__ import annotations

from serflow_opt.plan.bill import EgressBill


def test_a_bill_is_kept_as_json() -> None:
    """It reads back as it was."""
    bill = EgressBill(name="out", gb_per_month=12.5, usd_per_month=1.0, usd_per_gb=0.08)
    assert EgressBill.model_validate_json(bill.model_dump_json()) == bill
