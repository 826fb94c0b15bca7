"""Golden cases of exits, accuracy and interpolated thresholds: see `golden_core.py` for what the letters mean."""

from __future__ import annotations

from typing import Any

from support import tiny
from support.golden_parts import (
    golden,
    minimise,
    model,
    with_flow,
)

from serflow_opt.formulations import exits, piecewise
from serflow_opt.formulations.coefficients import Data


@golden("exits.add_exits-menu")
def menu_exits() -> Any:
    """Three stages, e = 0.5 | 0.25 at stage 1 and 0.6 | 0.2 at stage 2, so R_1 = 1, 0.5 <= R_2 <= 0.75 and
    R_3 from 0.5 x 0.4 = 0.2 to 0.75 x 0.8 = 0.6 (bounds of R, upper bounds of v).
    split_reach: Σ_l v = R. one_threshold: Σ_l z = 1 at stages 1, 2 (stage 3 has no choice, hence no z).
    survive: R_2 = 0.5 v_10 + 0.75 v_11 (1 - e), R_3 = 0.4 v_20 + 0.8 v_21.
    scale_choice: v <= hi z with hi = 1, 0.75. scale_choice_low: v >= lo z with lo = 1, 0.5.
    """
    m = model()
    exits.add_exits(m, Data(tiny.three_stages()))
    return m


@golden("exits.add_exits-all_may_leave")
def menu_exits_without_floor() -> Any:
    """As -menu with e = 1 | 0.25 at stage 1: 0 <= R_2 <= 0.75, 0 <= R_3 <= 0.75 x 0.8 = 0.6.
    survive: R_2 = 0 v_10 + 0.75 v_11. No scale_choice_low at stage 2, where lo = 0.
    """
    m = model()
    menus = (tiny.menu((1.0, 0.25)), *tiny.three_stages().menus[1:])
    exits.add_exits(m, Data(tiny.three_stages(menus=menus)))
    return m


@golden("exits.add_exits-no_classifier")
def exits_without_classifier() -> Any:
    """Stage 1 lets nobody leave (e = 0): R_2 = v_10 = R_1 = 1, bounds of R_2 1 and 1; nothing to choose, no z."""
    m = model()
    exits.add_exits(m, Data(tiny.two_stages(menus=(tiny.NO_CLASSIFIER, tiny.two_stages().menus[1]))))
    return m


@golden("exits.add_exits-interpolated")
def interpolated_exits() -> Any:
    """Reach as in -menu; z gives way to the segments of `piecewise.py`. Two thresholds are one segment a classifier:
    one_segment: segment = 1. weigh_ends: v_s0 = left, v_s1 = right.
    scale_segment: left + right <= hi segment with hi = 1, 0.75; scale_segment_low: >= lo segment, lo = 1, 0.5.
    """
    m = model()
    exits.add_exits(m, Data(tiny.three_stages(threshold_mode="interpolated")))
    return m


@golden("exits.add_exits-randomized")
def randomized_exits() -> Any:
    """Reach as in -menu, v >= 0 alone and nothing binary: v_{s,l} / R_s is the probability of threshold l."""
    m = model()
    exits.add_exits(m, Data(tiny.three_stages(threshold_mode="randomized")))
    return m


@golden("exits.accuracy")
def accuracy() -> Any:
    """e r of each row: 0.5 x 0.8 = 0.4, 0.25 x 0.9 = 0.225, last stage 1 x 0.96."""
    data = Data(tiny.two_stages())
    m = with_flow(data)
    return minimise(m, exits.accuracy(m, data))


@golden("exits.accuracy-switched_off")
def accuracy_of_a_row_nobody_takes() -> Any:
    """As above with e = 0 at the second row: its accuracy is never used, the row is not there."""
    data = Data(tiny.two_stages(menus=(tiny.menu((0.5, 0.0)), tiny.two_stages().menus[1])))
    m = with_flow(data)
    return minimise(m, exits.accuracy(m, data))


@golden("exits.add_accuracy_floor")
def accuracy_floor() -> Any:
    """0.4 v_10 + 0.225 v_11 + 0.96 v_20 >= 0.9 (1 - 5e-8)."""
    data = Data(tiny.two_stages(accuracy_min=0.9))
    m = with_flow(data)
    exits.add_accuracy_floor(m, data, exits.accuracy(m, data))
    return m


@golden("piecewise.add_scaled_piecewise")
def scaled_piecewise() -> Any:
    """Three thresholds at stage 1 (segments 0, 1), one row at stage 2 (nothing to do there). R_1 = 1: lo = hi = 1.
    one_segment: segment_0 + segment_1 = 1.
    scale_segment, scale_segment_low: left_i + right_i = segment_i, as <= and >=.
    weigh_ends: v_0 = left_0, v_1 = left_1 + right_0, v_2 = right_1.
    """
    data = Data(tiny.two_stages(menus=(tiny.menu((0.75, 0.5, 0.25), (0.7, 0.8, 0.9)), tiny.two_stages().menus[1])))
    m = with_flow(data)
    piecewise.add_scaled_piecewise(m, data)
    return m


@golden("piecewise.add_scaled_piecewise-all_may_leave")
def scaled_piecewise_without_floor() -> Any:
    """Two thresholds at stages 1 and 2; at stage 1 all may leave: R_2 from 0 to 0.75, so at stage 2
    left + right <= 0.75 segment and no scale_segment_low.
    """
    data = Data(tiny.three_stages(menus=(tiny.menu((1.0, 0.25)), *tiny.three_stages().menus[1:])))
    m = with_flow(data)
    piecewise.add_scaled_piecewise(m, data)
    return m
