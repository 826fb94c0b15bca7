"""Scripts that no test runs take what they import from where it is."""

from __future__ import annotations

import ast
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests"
OURS = {"serflow_opt", *(folder.name for folder in TESTS.iterdir() if folder.is_dir())}
SCRIPTS = [script for folder in ("benchmarks", "docs") for script in sorted((ROOT / folder).glob("*.py"))]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: f"{script.parent.name}-{script.stem}")
def test_every_name_that_a_script_imports_exists(script: Path) -> None:
    """A name that moved between modules of ours is missed here, not on the day somebody measures again."""
    missing = []
    for node in ast.walk(ast.parse(script.read_text("utf-8"))):
        if not isinstance(node, ast.ImportFrom) or node.module is None:
            continue
        beside = script.with_name(f"{node.module}.py")
        if beside.exists():
            tree = ast.parse(beside.read_text("utf-8"))
            known = {name for child in tree.body for name in defined(child)}
        elif node.module.partition(".")[0] in OURS:
            module = import_module(node.module)
            known = {*dir(module), *getattr(module, "__all__", ()), *submodules(module)}
        else:
            continue
        missing += [f"{node.module}.{alias.name}" for alias in node.names if alias.name not in known]
    assert missing == []


def submodules(module: ModuleType) -> list[str]:
    """Names of the modules of a package."""
    return [entry.name for entry in iter_modules(getattr(module, "__path__", []))]


def defined(child: ast.stmt) -> list[str]:
    """Names that a statement at the top of a module gives to others."""
    if isinstance(child, ast.FunctionDef | ast.ClassDef):
        return [child.name]
    if isinstance(child, ast.Import | ast.ImportFrom):
        return [(alias.asname or alias.name).partition(".")[0] for alias in child.names]
    targets = (
        child.targets if isinstance(child, ast.Assign) else [child.target] if isinstance(child, ast.AnnAssign) else []
    )
    return [name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)]
