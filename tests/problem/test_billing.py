"""What is billed of a call."""

from __future__ import annotations

import numpy as np
import pytest

from serflow_opt.problem.billing import CallBilling


@pytest.mark.parametrize(
    ("seconds", "step", "least", "billed"),
    [
        (0.3, 0.1, 0.0, 0.3),
        (0.31, 0.1, 0.0, 0.4),
        (0.31, 0.0, 0.0, 0.31),
        (0.01, 0.1, 0.25, 0.25),
        (0.0, 0.1, 0.0, 0.0),
    ],
)
def test_bills_are_rounded_up_but_not_by_floating_point(
    seconds: float, step: float, least: float, billed: float
) -> None:
    """0.3 s are three steps of 0.1 though 0.3 / 0.1 is above 3 in binary; a least bill goes before."""
    billing = CallBilling(usd_per_s=2.0, usd_per_request=0.5, billing_step_s=step, billing_min_s=least)
    assert billing.billed_s(seconds) == pytest.approx(billed, rel=1e-12)
    assert billing.usd_of_calls(np.array([seconds, seconds])) == pytest.approx(0.5 + 2.0 * billed, rel=1e-12)
    assert billing.rounds == bool(step or least)
    assert CallBilling(**billing.terms()) == billing
    assert billing.usd_of_cold(0.25, 3.0) == 1.5
    assert billing.prices == (2.0, 0.5)
