"""Configurations of use, by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from support.small_cluster import small

import serflow_opt as so
from serflow_opt.families.cluster.menu import menu_of
from serflow_opt.families.cluster.problem import Config


def test_rates_and_what_is_left_out(tmp_path: Path) -> None:
    """6, 25 and 50 requests/s, the last from ceil(4 / 0.12) = 34 on; two cores for the time of one are beaten."""
    menu = menu_of(so.load(small(tmp_path)).data)
    assert (menu.up.tolist(), menu.low.tolist()) == ([6.0, 25.0, 50.0], [0.0, 0.0, 34.0])
    assert menu.left_out == (0, 1)


def test_a_target_met_exactly_is_met_and_equals_stay_once(tmp_path: Path) -> None:
    """200 ms alone and 100 ms in batches are within 200 ms, a millisecond more is not; of equals the first stays."""
    data = so.load(small(tmp_path)).data
    alone, pair = Config(0, 1, 1.0, 0.0, "", 0.2), Config(0, 2, 1.0, 50.0, "", 0.1)
    configs = (alone, replace(alone, time_s=0.201), pair, replace(pair, time_s=0.101), pair)
    menu = menu_of(replace(data, configs=configs))
    assert menu.configs.tolist() == [0, 2]
    assert menu.up.tolist() == [5.0, 20.0]
    assert menu.left_out == (2, 1)
