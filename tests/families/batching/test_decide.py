"""Plans with batches read back from documents."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.helpers import run
from support.small_batching import small

import serflow_opt as so


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"applications": ["a", "c"]}, "groups[1].applications"),
        ({"applications": ["a"]}, "groups"),
        ({"function": "g"}, "groups[1].function"),
        ({"size": 3}, "groups[1].size"),
        ({"batch": 3}, "groups[1].batch"),
        ({"timeouts_ms": {"a": -1, "b": 0}}, "groups[1].timeouts_ms.a"),
    ],
)
def test_what_is_wrong_with_a_plan_is_told(tmp_path: Path, changes: dict[str, object], place: str) -> None:
    """By its place in the document."""
    problem = so.load(small(tmp_path))
    document = so.solve(problem).to_dict()
    document["plan"]["groups"][0] |= changes
    (tmp_path / "plan.json").write_text(json.dumps(document))
    ran = run("evaluate", tmp_path, tmp_path / "plan.json")
    assert ran.code == 2
    assert place in ran.stderr
