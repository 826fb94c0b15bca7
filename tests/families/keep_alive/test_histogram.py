"""Idle times seen lately, and the window taken of them."""

from __future__ import annotations

from serflow_opt.families.keep_alive.problem import KeepAliveWindow
from serflow_opt.families.keep_alive.replay import _hybrid


def test_the_hybrid_histogram_takes_the_quantiles_of_what_it_has_seen() -> None:
    """19 idle times of 5.5 minutes and one of 20.5: 5 % is in the sixth minute, 99 % in the 21st."""
    policy = _hybrid()
    windows_ = [policy(330.0, 330.0 * n) for n in range(9)]
    assert set(windows_) == {KeepAliveWindow(0.0, 600.0)}
    for n in range(10):
        policy(330.0, 3000.0 + 330.0 * n)
    assert policy(1230.0, 9000.0) == KeepAliveWindow(300.0, 1260.0)
    assert policy(40_000.0, 50_000.0).keep_s == 14_400.0
