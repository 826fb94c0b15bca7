"""The tests themselves: each module has a test module of its name, and each test says what it claims."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

from project.architecture import MOST_LINES, ROOT, asking_for_tests, home_of_tests

TESTS = ROOT / "tests"


@cache
def trees() -> dict[Path, ast.Module]:
    """All test modules, parsed once."""
    return {file: ast.parse(file.read_text(encoding="utf-8")) for file in sorted(TESTS.rglob("test_*.py"))}


def test_each_module_has_a_test_module_of_its_name() -> None:
    """Whoever changes a module knows where its tests are."""
    assert [name for name in asking_for_tests() if not home_of_tests(name).exists()] == []


def test_each_test_says_what_it_claims() -> None:
    """In a sentence of its own: a name in other letters tells nothing new."""
    silent = []
    for file, tree in trees().items():
        for node in ast.walk(tree):
            if not isinstance(node, ast.FunctionDef) or not node.name.startswith("test_"):
                continue
            said = re.sub(r"[^a-z0-9]+", "_", (ast.get_docstring(node) or "").lower()).strip("_")
            if not said or f"test_{said}" == node.name:
                silent.append(f"{file.relative_to(TESTS)}: {node.name}")
    assert silent == []


def test_test_modules_are_short() -> None:
    """No test module, builder or oracle is longer than a module of the package may be."""
    lines = {file.relative_to(TESTS): len(file.read_text("utf-8").splitlines()) for file in TESTS.rglob("*.py")}
    assert {str(file): count for file, count in lines.items() if count > MOST_LINES} == {}


def test_no_test_module_imports_another() -> None:
    """What several need stands in `support`: a test module can be moved or split without breaking others."""
    names = {".".join(file.relative_to(TESTS).with_suffix("").parts) for file in trees()}
    found = [
        f"{file.relative_to(TESTS)} imports {node.module}"
        for file, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module in names
    ]
    assert found == []
