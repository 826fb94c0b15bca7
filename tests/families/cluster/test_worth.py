"""What a core and a tenth of a GPU are worth, by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.small_cluster import small

import serflow_opt as so
from serflow_opt.families.cluster.worth import worths
from serflow_opt.families.registry import family_of


def test_a_core_and_a_tenth_of_a_card_by_hand(tmp_path: Path) -> None:
    """A core more serves 6 alone; half a card more makes these 50: 44 by five tenths. Nothing opened, nothing told."""
    problem = so.load(small(tmp_path))
    plan = family_of(problem).decision_of(problem, so.solve(problem).plan)
    (own,) = worths(problem.data, plan)
    assert own == {"server": "box", "core_per_s": pytest.approx(6.0), "tenth_of_gpu_per_s": pytest.approx(8.8)}
    assert worths(problem.data, ()) == []
