"""Plans that are valued, not optimised."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.helpers import F, V, load, plan_of, two_tiers


@pytest.mark.parametrize(("places", "cut"), [([V, V], 2), ([V, F], 1), ([F, F], 0)])
def test_cut_counts_the_stages_before_the_last_tier(places: list[tuple[str, str]], cut: int, tmp_path: Path) -> None:
    """The cut is a number of stages: all where one machine does everything, none where the function does."""
    from serflow_opt.plan.valuation import value_plan

    valued = value_plan(load(two_tiers(), tmp_path), plan_of(places, {1: 0.5}))
    assert valued.plan is not None
    assert valued.plan.cut == cut
    assert valued.bound is None
    assert valued.gap is None
