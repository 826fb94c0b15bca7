"""Descents over levels, against every combination."""

from __future__ import annotations

import pytest
from support.joint_grids import aim_for, drawn, least, outcomes

from serflow_opt.search.joint.descent import polish, starts


@pytest.mark.parametrize("seed", range(10))
def test_descent_stays_on_the_menus_and_never_beats_the_best(seed: int) -> None:
    """A descent ends at levels of the menus, which cannot be better than the best."""
    grid, passed, most = drawn(seed)
    ways = outcomes(grid, passed, most)
    aim = aim_for(seed, grid, ways, 0)
    best = least(aim, ways)
    counted = {levels: (inside, right) for levels, inside, right in ways}
    for start in starts(grid, aim):
        levels = polish(grid, aim, start)
        inside, right = counted[tuple(int(menu[n]) for menu, n in zip(grid.menu, levels, strict=True))]
        if right >= aim.need:
            assert sum(w * n for w, n in zip(aim.weight, inside, strict=True)) >= best - 1e-9
