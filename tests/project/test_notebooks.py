"""Every notebook runs from top to bottom, and none is committed with outputs."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
MISSING = [
    name for name in ("nbclient", "nbformat", "ipykernel", "ipywidgets") if importlib.util.find_spec(name) is None
]

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def cells_of(path: Path) -> list[dict[str, Any]]:
    """The code cells of a notebook as it stands in the repository."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def test_they_are_all_there() -> None:
    """A notebook that is added or lost is noticed."""
    names = ["jobs", "own-formulation", "pareto-explorer", "quickstart", "survey-tradeoffs", "traffic", "training"]
    assert [path.stem for path in NOTEBOOKS] == names


@each_notebook
def test_is_committed_without_outputs(path: Path) -> None:
    """Outputs would make every run a change of the file."""
    assert [cell["id"] for cell in cells_of(path) if cell["outputs"] or cell["execution_count"] is not None] == []


@each_notebook
@pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)} (pip install 'serflow-opt[notebooks]')")
def test_runs(path: Path, tmp_path: Path) -> None:
    """In an empty folder, without a warning on stderr, and showing each result once."""
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    client = NotebookClient(notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": tmp_path}})
    client.execute()
    outputs = {cell["id"]: cell["outputs"] for cell in notebook.cells if cell.cell_type == "code"}
    chatter = [out["text"] for cell in outputs.values() for out in cell if out.get("name") == "stderr"]
    assert chatter == []
    twice = [id for id, cell in outputs.items() if len([out for out in cell if "text/html" in out.get("data", {})]) > 1]
    assert twice == [], "results that are shown more than once"
