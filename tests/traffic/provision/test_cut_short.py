"""Networks cut where everybody may leave."""

from __future__ import annotations

from support import tiny

from serflow_opt.traffic.provision.cut_short import cut_short


def test_a_threshold_that_lets_all_leave_ends_the_network() -> None:
    """Of two such thresholds the more accurate stays, and nothing of the stages behind is left."""
    menu = tiny.menu((1.0, 1.0, 0.5), (0.7, 0.8, 0.9))
    (short,) = cut_short(tiny.two_stages(menus=(menu, tiny.LAST)))
    assert len(short.stages) == len(short.menus) == 1
    assert (short.menus[0].thresholds, short.menus[0].accuracies) == ((2 / 3,), (0.8,))
    assert {len(option.stage_seconds) for option in short.options} == {1}


def test_where_somebody_goes_on_nothing_is_cut() -> None:
    """Without a threshold that lets all leave each stage is needed; the last one always is."""
    assert list(cut_short(tiny.three_stages())) == []


def test_cuts_that_cannot_be_accurate_enough_are_left_out() -> None:
    """Half leave before with 0.8 right and the others with 0.7: 0.75 at the most, which a floor of 0.75 allows."""
    menus = (tiny.menu((0.5,), (0.8,)), tiny.menu((1.0,), (0.7,)), tiny.LAST)
    assert len(list(cut_short(tiny.three_stages(menus=menus, accuracy_min=0.75)))) == 1
    assert list(cut_short(tiny.three_stages(menus=menus, accuracy_min=0.751))) == []
