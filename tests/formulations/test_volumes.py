"""Lines of tiers and bytes of hops, by hand: `by_volume` sends 4 bytes of the requests that go on."""

from __future__ import annotations

import dataclasses
import math

import pytest
from support.by_volume import FALLING, FREE, by_volume

from serflow_opt.formulations.coefficients import Data
from serflow_opt.formulations.volumes import hop_bytes, hops_over, most_sent, tier_lines

OUT = {("vm", "fn")}


def test_lines_hold_where_their_tier_is() -> None:
    """Half a dollar up to 2 bytes, then 0.5 + 0.25 v up to what can be sent; free bytes shift what follows."""
    lines = tier_lines(by_volume(), FALLING, 3.0)
    assert [dataclasses.astuple(line) for line in lines] == [
        pytest.approx((0.0, 2.0, 0.0, 0.5), abs=1e-12),
        pytest.approx((2.0, 3.0, 0.5, 0.25), abs=1e-12),
    ]
    assert lines[1].at(3.0) == pytest.approx(1.25)
    free = [dataclasses.astuple(line) for line in tier_lines(by_volume(), FREE, math.inf)]
    assert free == [
        pytest.approx((0.0, 1.0, 0.0, 0.0), abs=1e-12),
        pytest.approx((1.0, 2.0, -0.5, 0.5), abs=1e-12),
        pytest.approx((2.0, math.inf, 0.0, 0.25), abs=1e-12),
    ]


def test_others_fill_the_first_tiers() -> None:
    """With half a byte left of the first tier it ends there; a full one is no tier any more."""
    half = tier_lines(by_volume(), dataclasses.replace(FALLING, other_bytes=1.5), 3.0)
    assert [line.high for line in half] == pytest.approx([0.5, 3.0])
    full = tier_lines(by_volume(), dataclasses.replace(FALLING, other_bytes=2.0), 3.0)
    assert [(line.low, line.slope) for line in full] == [(0.0, 0.25)]


def test_what_hops_send() -> None:
    """One hop crosses: 4 bytes, of three quarters of the requests at most."""
    data = Data(by_volume(), tiered=True)
    (hop,) = hops_over(data, OUT)
    assert hop_bytes(data, hop) == 4.0
    assert most_sent(data, OUT) == pytest.approx(3.0)
    assert most_sent(data, {("client", "fn")}) == 0.0
