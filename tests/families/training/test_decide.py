"""Plans of trainings read back from documents."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.small_training import small

import serflow_opt as so
from serflow_opt.families.training.family import TRAINING


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"mode": "split"}, "mode"),
        ({"local_epochs": 3}, "rounds_measured"),
        ({"workers": 3}, "workers"),
        ({"server": "other"}, "server"),
        ({"compression": "half"}, "compression"),
        ({"groups": []}, "groups"),
        ({"groups": [{"client": "phone", "cut": 0}]}, "groups[1].cut"),
        ({"groups": [{"client": "tablet", "cut": 1}]}, "groups[1].client"),
    ],
)
def test_what_is_wrong_with_a_plan_is_told(tmp_path: Path, changes: dict[str, object], place: str) -> None:
    """By its place in the document."""
    problem = so.load(small(tmp_path))
    plan = so.solve(problem).plan
    with pytest.raises(so.InputError) as error:
        TRAINING.decision_of(problem, {**plan, **changes})
    assert place in str(error.value)
