"""Whoever imports something of ours takes it from where it is: package, tests, benchmarks, scripts of the docs."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from project.architecture import ROOT

TESTS = ROOT / "tests"
WHERE = ("serflow_opt", "formulations", "tests", "benchmarks", "docs")
IMPORT = re.compile(r"^ *from ([a-z_][\w.]*) import (\([^)]*\)|[^\n(]+)", re.MULTILINE)


def files_of(folder: str) -> Iterator[Path]:
    """All Python files below a folder of the repository."""
    left_out = {ROOT / "tests" / "ground" / "test_moved.py"}  # imports from where things were
    return (file for file in sorted((ROOT / folder).rglob("*.py")) if file not in left_out)


def defined(child: ast.stmt) -> list[str]:
    """Names that a statement at the top of a module gives to others."""
    if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [child.name]
    if isinstance(child, ast.Import | ast.ImportFrom):
        return [(alias.asname or alias.name).partition(".")[0] for alias in child.names]
    if isinstance(child, ast.If | ast.Try):
        return [name for part in ast.iter_child_nodes(child) if isinstance(part, ast.stmt) for name in defined(part)]
    targets = (
        child.targets if isinstance(child, ast.Assign) else [child.target] if isinstance(child, ast.AnnAssign) else []
    )
    return [name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)]


@cache
def names_in(file: Path) -> frozenset[str]:
    """What other modules may import from a file; of a package also its modules, and names that it looks up."""
    tree = ast.parse(file.read_text("utf-8"))
    found = {name for child in tree.body for name in defined(child)}
    if file.name == "__init__.py":
        found |= {own.stem for own in file.parent.glob("*") if own.suffix == ".py" or (own / "__init__.py").exists()}
        found |= {
            node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
    return frozenset(found)


def home_of(module: str) -> Path | None:
    """The file of a module of ours; None: a folder of tests, or not ours."""
    parts = module.removeprefix("serflow_opt.formulations").lstrip(".").split(".")
    top = ROOT / "formulations" if module.startswith("serflow_opt.formulations") else TESTS
    if module.partition(".")[0] == "serflow_opt" and top == TESTS:
        top, parts = ROOT, module.split(".")
    own = top.joinpath(*filter(None, parts))
    return next((file for file in (own.with_suffix(".py"), own / "__init__.py") if file.exists()), None)


@pytest.mark.parametrize("folder", WHERE)
def test_every_name_that_is_imported_exists(folder: str) -> None:
    """A name that moved is missed here, not on the day somebody measures again, or takes a rare way."""
    missing = []
    for file in files_of(folder):
        for module, names in IMPORT.findall(file.read_text("utf-8")):
            beside = file.with_name(f"{module}.py")
            home = beside if folder in ("benchmarks", "docs") and beside.exists() else home_of(module)
            if home is None:
                continue
            taken = [own.split()[0] for own in re.sub(r"#.*|[()]", "", names).split(",") if own.strip()]
            place = file.relative_to(ROOT)
            missing += [f"{place}: {module}.{name}" for name in taken if name not in names_in(home)]
    assert missing == []
