"""What all results have in common: a table when printed, a line as repr, a document that gives back the same."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.helpers import GOOD, run
from support.kept_results import KINDS

import serflow_opt as so
from serflow_opt.ground.display import Displayed


@pytest.mark.parametrize("kind", KINDS)
def test_print_gives_the_table_and_repr_a_line(kind: str, results: dict[str, Displayed]) -> None:
    """Printing shows a table, a list of results a line each."""
    found = results[kind]
    assert len(str(found).splitlines()) > 1
    assert "<" not in str(found).splitlines()[0]
    assert len(repr(found)) < 160
    assert repr(found).startswith(f"<{type(found).__name__} ")
    assert "\n" not in repr(found)


def test_what_commands_write_can_be_read(tmp_path: Path) -> None:
    """Python reads what the command wrote."""
    run("solve", GOOD, "--out", tmp_path / "p.json")
    assert so.Plan.load(tmp_path / "p.json").status == "optimal"
    run("pareto", GOOD, "--out", tmp_path / "f.json")
    assert so.Front.load(tmp_path / "f.json").complete
