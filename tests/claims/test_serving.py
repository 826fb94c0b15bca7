"""HarmonyBatch's ratios, by the prices of its calls."""

from __future__ import annotations

import pytest

from serflow_opt.claims.serving import beside_batch, one_by_one


def test_plans_of_table_one() -> None:
    """5 of 35 requests at 4.3498e-5 CNY on 1.6 vCPUs and 30 at 2.1954e-5 on 2 GB: 0.635 of BATCH; MBS+ 0.881."""
    assert beside_batch("HarmonyBatch") == pytest.approx(0.635, abs=5e-4)
    assert beside_batch("MBS+") == pytest.approx(0.881, abs=5e-4)
    assert beside_batch("HarmonyBatch") / beside_batch("MBS+") == pytest.approx(
        (5 * 4.3498 + 30 * 2.1954) / 35 / ((4.3498 + 2.1954 * 13 / 11) / 2), rel=1e-4
    )


def test_infless_one_by_one() -> None:
    """340 of 780 requests a second."""
    assert one_by_one() == pytest.approx(340 / 780)
