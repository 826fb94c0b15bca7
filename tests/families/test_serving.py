"""What serving systems are told: names apart, and files that are no plans."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from serflow_opt.errors import InputError
from serflow_opt.families.serving import apart, read_rounds_settings, read_settings


def test_names_that_become_alike_are_numbered() -> None:
    """Two groups whose names differ by a blank would overwrite each other's files."""
    assert apart(["a b", "a-b", "c", "a b"]) == ["a b", "2-a-b", "c", "3-a b"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not JSON"),
        ("[1]", "no plan for triton"),
        (json.dumps({"kind": "batching", "plan": None}), "no plan for triton"),
        (json.dumps({"kind": "training", "plan": {}}), "a plan of kind 'training'"),
        (json.dumps({"kind": "batching", "plan": {}}), "not a plan of a batching"),
        (json.dumps({"kind": "batching", "plan": {"groups": []}}), "nothing is served"),
    ],
)
def test_what_holds_no_batches_is_refused(tmp_path: Path, text: str, said: str) -> None:
    """A file that is no plan, or one of another kind, writes no settings."""
    path = tmp_path / "plan.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=said):
        read_settings(path, "triton")


def test_rounds_come_of_trainings_alone(tmp_path: Path) -> None:
    """Flower is not told of batches."""
    path = tmp_path / "plan.json"
    path.write_text(json.dumps({"kind": "batching", "plan": {"groups": []}}), encoding="utf-8")
    with pytest.raises(InputError, match="a plan of kind 'batching' for flower"):
        read_rounds_settings(path)
