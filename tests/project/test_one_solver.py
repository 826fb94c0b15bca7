"""There is one way to a solver: what other modules import."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import serflow_opt

PACKAGE = Path(serflow_opt.__file__).parent
MODULES = sorted(path for path in PACKAGE.rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    """Dotted names of all that a module imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_solvers_are_asked_through_the_adapter(path: Path) -> None:
    names = set(imported(path))
    other = {"scipy.optimize.linprog", "scipy.optimize.milp", "scipy.optimize"}
    assert not names & other
    assert not any(name.split(".")[0] in ("scip", "pyscipopt", "ortools", "cvxpy") for name in names)
    if path.parent != PACKAGE / "backend":
        assert not any(name.split(".")[0] == "highspy" for name in names)
