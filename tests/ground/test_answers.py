"""Which documents are answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from serflow_opt.errors import InputError
from serflow_opt.ground.answers import is_answer, read_answer


@pytest.mark.parametrize(
    "document",
    [{}, {"a": 1}, {"vms": [], "functions": []}, {"valid": True, "problems": []}, {"instance": "x"}, {"status": "y"}],
)
def test_what_is_no_answer_is_refused(document: dict[str, Any], tmp_path: Path) -> None:
    """The file is named, and what it has."""
    assert not is_answer(document)
    file = tmp_path / "x.json"
    file.write_text(json.dumps(document))
    with pytest.raises(InputError, match=r"x\.json: no answer: its keys are") as error:
        read_answer(file)
    assert "solve --out" in str(error.value)


def test_a_list_is_refused(tmp_path: Path) -> None:
    """What `solve` of several files prints is one document an instance: give one of them."""
    file = tmp_path / "x.json"
    file.write_text("[]")
    with pytest.raises(InputError, match="a list; give the document of one answer"):
        read_answer(file)


@pytest.mark.parametrize(
    "document",
    [{"instance": "x", "status": "optimal"}, {"kind": "spot", "instance": "x"}, {"exact": {"is": "Deployment"}}],
)
def test_answers_are_taken(document: dict[str, Any], tmp_path: Path) -> None:
    """They are given back as they were."""
    file = tmp_path / "x.json"
    file.write_text(json.dumps(document))
    assert read_answer(file) == document
