"""Levels of menus: whose they are, which may be used, and how many requests get how far."""

from __future__ import annotations

import dataclasses

from support import tiny

from serflow_opt.formulations.levels import MenuLevels
from serflow_opt.problem.kinds import AS_IS
from serflow_opt.problem.network import Menu

INSTANCE = tiny.two_stages(menus=(tiny.menu((0.75, 0.5, 0.25), (0.75, 0.875, 0.9375)), tiny.LAST))


def test_all_levels_bound_the_reach() -> None:
    """Three quarters leave at most, a quarter at least."""
    levels = MenuLevels(INSTANCE)
    assert levels.rows == [(1, 0), (1, 1), (1, 2), (2, 0)]
    assert levels.choosing == [1]
    assert (levels.reach_low, levels.reach_high) == ({1: 1.0, 2: 0.25}, {1: 1.0, 2: 0.75})
    assert (levels.exit_rate(1, 1), levels.accuracy(1, 1)) == (0.5, 0.875)


def test_fewer_levels_bound_it_closer() -> None:
    """Without the first level half reach the second stage at least; where none is left bounds stay what they were."""
    keys = {(1, 1), (1, 2), (2, 0)}
    for levels in (MenuLevels(INSTANCE, keys), MenuLevels(INSTANCE).among(keys)):
        assert levels.levels == {1: [1, 2], 2: [0]}
        assert levels.reach_low[2] == 0.5
    assert MenuLevels(INSTANCE).among({(2, 0)}).reach_low[2] == 0.25


def test_a_variant_with_a_menu_of_its_own_comes_behind() -> None:
    """Its levels follow those of the stage, and are whose they are."""
    own = Menu((0.5,), (0.125,), (1.0,))
    variant = dataclasses.replace(tiny.INT8_FIRST, menus={0: own})
    levels = MenuLevels(dataclasses.replace(INSTANCE, variants=(variant,)))
    assert levels.owned[1] == {AS_IS: INSTANCE.menus[0], 0: own}
    assert [level.variant for level in levels.menu[1]] == [AS_IS, AS_IS, AS_IS, 0]
    assert levels.own_menus == [(1, AS_IS), (1, 0)]
    assert (levels.owner(1, 0), levels.owner(2, 0)) == (0, AS_IS)


def test_where_all_may_leave() -> None:
    """At the most accurate of the levels at which everybody leaves, and nowhere else."""
    menu = Menu((0.1, 0.2, 0.3), (1.0, 1.0, 0.5), (0.7, 0.8, 0.9))
    assert MenuLevels(dataclasses.replace(INSTANCE, menus=(menu, tiny.LAST))).all_ends() == {(1, AS_IS): 1}
    assert MenuLevels(INSTANCE).all_ends() == {}
