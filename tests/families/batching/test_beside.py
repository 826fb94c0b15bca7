"""What others do with the applications of HarmonyBatch's Table I."""

from __future__ import annotations

import math

import pytest
from support.batches import GPU_CALL, PER_USD, published

import serflow_opt as so


def test_others_on_table_one() -> None:
    """Each rule with the best functions for it, 1.55 vCPUs by the paper's plan of BATCH.

    Alone app3 takes 13 on 2 GB. Halved, app1, app2 and a part of app3 pair on 1.9 vCPUs, and the rest of app3 takes 12
    on 2 GB: 17.5 x 0.6545 = 11.45 come.
    """
    others = {own["name"]: own["value"] * PER_USD for own in so.explain(published()).to_dict()["beside"]}

    def cpu(c: float, gb: float, a: float, b: float, low: float, size: int) -> float:
        return ((c * 9e-5 + gb * 9e-6) * (a * math.exp(-c / b) + low) + 9e-7) / size

    one = cpu(1.55, 1.5625, 1.8260695578676214, 0.5283726420022545, 0.18015427168547402, 1)
    pair, fast = (
        cpu(c, gb, 4.849070286817897, 0.4322505914521466, 0.3644750704985931, 2)
        for c, gb in ((1.5, 1.5), (1.9, 1.9375))
    )
    assert others["alone on CPU"] == pytest.approx((5 * one + 30 * pair) / 35, rel=1e-9)
    assert others["alone"] == pytest.approx((5 * one + 10 * pair + 20 * GPU_CALL / 13) / 35, rel=1e-9)
    assert others["together"] == pytest.approx(GPU_CALL / 11, rel=1e-9)
    assert others["evenly"] == pytest.approx((fast + GPU_CALL / 12) / 2, rel=1e-9)
